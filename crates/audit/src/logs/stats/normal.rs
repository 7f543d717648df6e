//! The normal distribution.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The probability of a value above so many standard deviations.
pub fn above(sigmas: f64) -> f64 {
    0.5 * libm::erfc(sigmas * FRAC_1_SQRT_2)
}

/// The number of standard deviations within which a value lies with this probability: 1.96 for 0.95.
///
/// The probability lies strictly between 0 and 1.
pub fn within(probability: f64) -> f64 {
    assert!(probability > 0.0 && probability < 1.0, "a confidence lies between 0 and 1");
    let tail = (1.0 - probability) / 2.0;
    // Newton's steps from the middle: the tail is convex there, so none goes too far
    let mut sigmas = 0.0_f64;
    for _ in 0..200 {
        let density = (-sigmas * sigmas / 2.0).exp() / (2.0 * PI).sqrt();
        let step = (above(sigmas) - tail) / density;
        sigmas += step;
        if step.abs() <= 1e-15 * sigmas.max(1.0) {
            break;
        }
    }
    sigmas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_that_everybody_knows() {
        for (probability, sigmas) in
            [(0.95, 1.959_963_984_540_054), (0.99, 2.575_829_303_548_901), (0.999, 3.290_526_731_491_925), (0.5, 0.674_489_750_196_082)]
        {
            assert!((within(probability) - sigmas).abs() < 1e-12, "{probability}: {}", within(probability));
        }
        assert!((above(0.0) - 0.5).abs() < 1e-15 && (above(3.0) - 0.001_349_898_031_630_095).abs() < 1e-15);
    }
}
