//! Pictures made small: a few sizes, from four formats, within bounds of pixels, bytes and time.

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use model::limits;

use crate::kind::{self, Picture};

/// A size that pictures are made small to; others are served by the next larger one, so that storage stays bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    width: u32,
    height: u32,
    crop: bool,
}

impl Size {
    /// All sizes, small to large (those that the specification recommends).
    pub const ALL: [Self; 5] =
        [Self::cropped(32), Self::cropped(96), Self::scaled(320, 240), Self::scaled(640, 480), Self::scaled(800, 600)];

    const fn cropped(side: u32) -> Self {
        Self { width: side, height: side, crop: true }
    }

    const fn scaled(width: u32, height: u32) -> Self {
        Self { width, height, crop: false }
    }

    /// The smallest size that is not smaller than what is wanted; the largest when none is.
    pub fn for_wish(width: u64, height: u64, crop: bool) -> Self {
        let enough = |size: &&Self| u64::from(size.width) >= width && u64::from(size.height) >= height;
        let of_kind = Self::ALL.iter().filter(|size| size.crop == crop).find(enough);
        // a large square is better served by a picture that is not cut
        *of_kind.or_else(|| Self::ALL.iter().filter(|size| !size.crop).find(enough)).unwrap_or(&Self::ALL[4])
    }

    /// A name for files.
    pub fn name(self) -> String {
        format!("{}x{}{}", self.width, self.height, if self.crop { "c" } else { "s" })
    }
}

/// Why there is no thumbnail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThumbnailError {
    /// The bytes are no picture of a format that is made small.
    #[error("this is no PNG, JPEG, GIF or WebP")]
    NoPicture,
    /// It is one, with more pixels or a longer way to them than the bounds allow.
    #[error("this picture is too large to be made small")]
    TooLarge,
    /// It begins like one and is broken.
    #[error("this picture is broken")]
    Broken,
}

/// A picture made small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Small {
    /// `image/png` or `image/jpeg`.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// The type of a thumbnail by its bytes.
pub fn content_type(bytes: &[u8]) -> &'static str {
    if kind::picture(bytes) == Some(Picture::Png) { "image/png" } else { "image/jpeg" }
}

/// Makes a picture small: the first frame, turned upright, without anything else that was in the file. It is never made
/// larger. `late` is asked now and then; once it says so, the picture is given up. To be run where blocking is fine.
///
/// # Errors
/// When it is no picture, broken, or beyond [`limits::PICTURE_PIXELS`].
pub fn make(bytes: &[u8], size: Size, late: impl Fn() -> bool) -> Result<Small, ThumbnailError> {
    let format = match kind::picture(bytes).ok_or(ThumbnailError::NoPicture)? {
        Picture::Png => ImageFormat::Png,
        Picture::Jpeg => ImageFormat::Jpeg,
        Picture::Gif => ImageFormat::Gif,
        Picture::Webp => ImageFormat::WebP,
    };
    let mut decoder = open(Timed { inner: Cursor::new(bytes), late: &late }, format)?;
    let upright = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| why(&error))?;
    if late() {
        return Err(ThumbnailError::TooLarge);
    }
    picture = shrink(picture, size);
    if let Some(upright) = upright {
        picture.apply_orientation(upright);
    }
    write(&picture)
}

/// Reads what comes before the pixels. What is packed there is unpacked at once, so it has a bound of its own, which
/// the reader of PNG takes at its start and never changes; a profile beyond it is left out.
fn open<'a>(source: impl BufRead + Seek + 'a, format: ImageFormat) -> Result<impl ImageDecoder + 'a, ThumbnailError> {
    let mut reader = ImageReader::with_format(source, format);
    reader.limits(bounds(limits::PICTURE_EXTRAS_BYTES));
    let mut decoder = reader.into_decoder().map_err(|error| why(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits::PICTURE_PIXELS {
        return Err(ThumbnailError::TooLarge);
    }
    decoder.set_limits(bounds(limits::PICTURE_MEMORY_BYTES)).map_err(|error| why(&error))?;
    Ok(decoder)
}

fn bounds(alloc_bytes_max: u64) -> Limits {
    let mut bounds = Limits::default();
    bounds.max_image_width = Some(limits::PICTURE_SIDE);
    bounds.max_image_height = Some(limits::PICTURE_SIDE);
    bounds.max_alloc = Some(alloc_bytes_max);
    bounds
}

/// Cut or scaled to fit, never enlarged.
fn shrink(picture: DynamicImage, size: Size) -> DynamicImage {
    if picture.width() <= size.width && picture.height() <= size.height {
        return picture;
    }
    // a quick average first keeps the slow filter to a few pixels
    let roughly = picture.thumbnail(size.width.max(size.height) * 4, size.width.max(size.height) * 4);
    let picture = if roughly.width() < picture.width() { roughly } else { picture };
    if size.crop {
        picture.resize_to_fill(size.width.min(picture.width()), size.height.min(picture.height()), FilterType::Triangle)
    } else {
        picture.resize(size.width, size.height, FilterType::Triangle)
    }
}

fn write(picture: &DynamicImage) -> Result<Small, ThumbnailError> {
    let mut bytes = Vec::new();
    let content_type = if picture.color().has_alpha() {
        picture.to_rgba8().write_with_encoder(PngEncoder::new(&mut bytes)).map_err(|error| why(&error))?;
        "image/png"
    } else {
        picture.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 80)).map_err(|error| why(&error))?;
        "image/jpeg"
    };
    Ok(Small { content_type, bytes })
}

fn why(error: &ImageError) -> ThumbnailError {
    match error {
        ImageError::Limits(_) => ThumbnailError::TooLarge,
        ImageError::IoError(error) if error.kind() == io::ErrorKind::TimedOut => ThumbnailError::TooLarge,
        _ => ThumbnailError::Broken,
    }
}

/// Bytes that end once it is too late.
struct Timed<'a, F> {
    inner: Cursor<&'a [u8]>,
    late: &'a F,
}

impl<F: Fn() -> bool> Timed<'_, F> {
    fn in_time(&self) -> io::Result<()> {
        if (self.late)() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }
}

impl<F: Fn() -> bool> Read for Timed<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.in_time()?;
        self.inner.read(buffer)
    }
}

impl<F: Fn() -> bool> BufRead for Timed<'_, F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.in_time()?;
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}

impl<F> Seek for Timed<'_, F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use image::ImageEncoder;

    use super::*;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let picture = image::RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([u8::try_from(x % 256).unwrap(), u8::try_from(y % 256).unwrap(), 90])
        });
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(picture).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn dimensions(small: &Small) -> (u32, u32) {
        let picture = image::load_from_memory(&small.bytes).unwrap();
        (picture.width(), picture.height())
    }

    fn make_now(bytes: &[u8], size: Size) -> Result<Small, ThumbnailError> {
        make(bytes, size, || false)
    }

    #[test]
    fn each_format_is_made_small_and_none_is_made_large() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
            let bytes = picture(1200, 400, format);
            assert_eq!(dimensions(&make_now(&bytes, Size::for_wish(800, 600, false)).unwrap()), (800, 267), "{format:?}");
            assert_eq!(dimensions(&make_now(&bytes, Size::for_wish(96, 96, true)).unwrap()), (96, 96), "{format:?}");
            let tiny = picture(20, 10, format);
            assert_eq!(dimensions(&make_now(&tiny, Size::for_wish(320, 240, false)).unwrap()), (20, 10), "{format:?}");
        }
    }

    #[test]
    fn wishes_are_served_by_a_few_sizes() {
        let name = |width, height, crop| Size::for_wish(width, height, crop).name();
        assert_eq!(name(1, 1, true), "32x32c");
        assert_eq!(name(33, 32, true), "96x96c");
        assert_eq!(name(200, 200, true), "320x240s");
        assert_eq!(name(0, 0, false), "320x240s");
        assert_eq!(name(640, 481, false), "800x600s");
        assert_eq!(name(u64::MAX, u64::MAX, false), "800x600s");
    }

    /// A PNG that says it has this many pixels, and has none.
    fn boast(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = picture(1, 1, ImageFormat::Png);
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let crc = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
        })
    }

    /// A small PNG with a colour profile of so many zeros, which is packed into next to nothing.
    fn with_profile(bytes: usize) -> Vec<u8> {
        let mut png = Vec::new();
        let mut encoder = PngEncoder::new(&mut png);
        encoder.set_icc_profile(vec![0; bytes]).unwrap();
        encoder.write_image(&[0; 3 * 64], 8, 8, image::ExtendedColorType::Rgb8).unwrap();
        png
    }

    #[test]
    fn what_stands_beside_the_pixels_is_not_unpacked_beyond_its_bound() {
        for (bytes, is_kept) in [(4_096, true), (64 * 1024 * 1024, false)] {
            let png = with_profile(bytes);
            assert!(png.len() < 512 * 1024, "{}", png.len());
            let profile = open(Cursor::new(png.as_slice()), ImageFormat::Png).unwrap().icc_profile().unwrap();
            assert_eq!(profile.map(|profile| profile.len()), is_kept.then_some(bytes));
            assert_eq!(dimensions(&make_now(&png, Size::ALL[0]).unwrap()), (8, 8));
        }
    }

    #[test]
    fn a_bomb_of_pixels_is_refused_before_it_is_unpacked() {
        let began = Instant::now();
        assert_eq!(make_now(&boast(50_000, 50_000), Size::ALL[0]), Err(ThumbnailError::TooLarge));
        assert_eq!(make_now(&boast(1, 4_000_000), Size::ALL[0]), Err(ThumbnailError::TooLarge));
        let mut gif = picture(1, 1, ImageFormat::Gif);
        gif[6..10].copy_from_slice(&[0xFF; 4]);
        assert_eq!(make_now(&gif, Size::ALL[0]), Err(ThumbnailError::TooLarge));
        assert!(began.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn what_is_no_picture_or_half_of_one_is_refused() {
        for bytes in [b"".as_slice(), b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"PK\x03\x04", b"<html>", b"%PDF-1.7"] {
            assert_eq!(make_now(bytes, Size::ALL[0]), Err(ThumbnailError::NoPicture));
        }
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
            let bytes = picture(64, 64, format);
            for end in [12, bytes.len() / 4] {
                assert!(make_now(&bytes[..end], Size::ALL[0]).is_err(), "{format:?} of {end} bytes");
            }
        }
    }

    #[test]
    fn nothing_hidden_behind_a_picture_comes_through() {
        let mut polyglot = picture(200, 200, ImageFormat::Png);
        polyglot.extend_from_slice(b"<script>alert(1)</script>PK\x03\x04");
        let small = make_now(&polyglot, Size::ALL[1]).unwrap();
        assert!(!small.bytes.windows(7).any(|part| part == b"<script"));
        assert_eq!(content_type(&small.bytes), small.content_type);
    }

    #[test]
    fn it_ends_once_it_is_too_late() {
        assert_eq!(make(&picture(300, 300, ImageFormat::Png), Size::ALL[0], || true), Err(ThumbnailError::TooLarge));
    }
}
