//! Which part of a room's history a person may read (spec "Room history visibility").

use crate::room::Membership;
use crate::seq::RoomPos;

/// The `history_visibility` of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryVisibility {
    /// Everybody.
    WorldReadable,
    /// Members read everything up to their leave, what was said before they came included.
    Shared,
    /// Members read from their invitation on.
    Invited,
    /// Members read what was said while they were in.
    Joined,
}

impl HistoryVisibility {
    /// The visibility with this name; rooms without one are shared.
    pub fn parse(name: Option<&str>) -> Self {
        match name {
            Some("world_readable") => Self::WorldReadable,
            Some("invited") => Self::Invited,
            Some("joined") => Self::Joined,
            _ => Self::Shared,
        }
    }
}

/// The places of a room that a person may read, as ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readable(Vec<(i64, i64)>);

impl Readable {
    /// What a person may read whose memberships changed at these places, where the room's visibility
    /// changed at those, both oldest first. An event is judged by the visibility that held when it was
    /// sent: opening a room does not open its past.
    pub fn of(visibilities: &[(RoomPos, HistoryVisibility)], changes: &[(RoomPos, Membership)]) -> Self {
        let mut ranges = Vec::new();
        let (mut from, mut current) = (0, HistoryVisibility::Shared);
        for (place, next) in visibilities {
            // the change itself may be read by either
            ranges.extend(Self::under(current, changes).within(from, place.get()));
            (from, current) = (place.get(), *next);
        }
        ranges.extend(Self::under(current, changes).within(from, i64::MAX));
        Self(ranges)
    }

    fn within(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, i64)> {
        self.0.iter().map(move |(first, last)| (*first.max(&from), *last.min(&to))).filter(|(first, last)| first <= last)
    }

    /// What may be read where one visibility always held.
    fn under(visibility: HistoryVisibility, changes: &[(RoomPos, Membership)]) -> Self {
        if visibility == HistoryVisibility::WorldReadable {
            return Self(vec![(0, i64::MAX)]);
        }
        let mut ranges: Vec<(i64, i64)> = Vec::new();
        let mut open: Option<i64> = None;
        let mut was_in = false;
        for (place, membership) in changes {
            let place = place.get();
            match membership {
                Membership::Join => {
                    was_in = true;
                    let from = if visibility == HistoryVisibility::Shared { 0 } else { place };
                    open = Some(open.map_or(from, |earlier| earlier.min(from)));
                }
                Membership::Invite if visibility == HistoryVisibility::Invited => open = open.or(Some(place)),
                Membership::Invite | Membership::Knock => {}
                Membership::Leave | Membership::Ban => {
                    // who declines an invitation has read nothing but the invitation
                    let from = open.take().filter(|_| was_in).unwrap_or(place);
                    ranges.push((from, place));
                    was_in = false;
                }
            }
        }
        if let Some(from) = open.filter(|_| was_in) {
            ranges.push((from, i64::MAX));
        }
        Self(ranges)
    }

    /// The last place not after this one that may be read.
    pub fn last_until(&self, place: i64) -> Option<i64> {
        self.0.iter().filter(|(from, _)| *from <= place).map(|(_, to)| *to.min(&place)).max()
    }

    /// Whether this place may be read.
    pub fn contains(&self, place: RoomPos) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&place.get()))
    }

    /// The last place that may be read; `None` when none may.
    pub fn last(&self) -> Option<i64> {
        self.0.iter().map(|(_, to)| *to).max()
    }

    /// The first place that may be read.
    pub fn first(&self) -> Option<i64> {
        self.0.iter().map(|(from, _)| *from).min()
    }
}

/// The last place at which a person was in the room, or everybody could look into it: up to there they may know its
/// state. `None` when neither ever was so. Being invited, or declining, is not being in.
pub fn last_inside(visibilities: &[(RoomPos, HistoryVisibility)], changes: &[(RoomPos, Membership)]) -> Option<i64> {
    let ends = |holds: bool, until: &mut Option<i64>, was: &mut bool, place: RoomPos| {
        if *was && !holds {
            *until = Some(place.get());
        }
        *was = holds;
    };
    let (mut until, mut was_in) = (None, false);
    for (place, membership) in changes {
        ends(*membership == Membership::Join, &mut until, &mut was_in, *place);
    }
    let (mut open_until, mut was_open) = (None, false);
    for (place, visibility) in visibilities {
        ends(*visibility == HistoryVisibility::WorldReadable, &mut open_until, &mut was_open, *place);
    }
    if was_in || was_open { Some(i64::MAX) } else { until.max(open_until) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readable(visibility: HistoryVisibility, changes: &[(i64, Membership)]) -> Vec<i64> {
        readable_over(&[(0, visibility)], changes)
    }

    fn readable_over(visibilities: &[(i64, HistoryVisibility)], changes: &[(i64, Membership)]) -> Vec<i64> {
        let changes: Vec<_> = changes.iter().map(|(place, membership)| (RoomPos::new(*place).unwrap(), *membership)).collect();
        let visibilities: Vec<_> = visibilities.iter().map(|(place, one)| (RoomPos::new(*place).unwrap(), *one)).collect();
        let readable = Readable::of(&visibilities, &changes);
        (1..=10).filter(|place| readable.contains(RoomPos::new(*place).unwrap())).collect()
    }

    #[test]
    fn each_visibility_opens_what_it_says() {
        use HistoryVisibility::{Invited, Joined, Shared, WorldReadable};
        use Membership::{Ban, Invite, Join, Leave};

        let all: Vec<i64> = (1..=10).collect();
        assert_eq!(readable(Shared, &[(3, Invite), (5, Join)]), all);
        assert_eq!(readable(Invited, &[(3, Invite), (5, Join)]), (3..=10).collect::<Vec<_>>());
        assert_eq!(readable(Joined, &[(3, Invite), (5, Join)]), (5..=10).collect::<Vec<_>>());
        assert_eq!(readable(Joined, &[(2, Join), (4, Leave), (7, Join), (9, Ban)]), [2, 3, 4, 7, 8, 9]);
        assert_eq!(readable(Shared, &[(2, Join), (4, Leave)]), [1, 2, 3, 4]);
        assert_eq!(readable(Shared, &[(3, Invite), (5, Leave)]), [5]);
        assert_eq!(readable(Shared, &[(3, Invite)]), Vec::<i64>::new());
        assert_eq!(readable(Shared, &[]), Vec::<i64>::new());
        assert_eq!(readable(WorldReadable, &[]), all);
    }

    #[test]
    fn who_was_in_knows_the_state_up_to_there() {
        use HistoryVisibility::{Joined, Shared, WorldReadable};
        use Membership::{Ban, Invite, Join, Leave};
        let last = |visibilities: &[(i64, HistoryVisibility)], changes: &[(i64, Membership)]| {
            let changes: Vec<_> = changes.iter().map(|(place, membership)| (RoomPos::new(*place).unwrap(), *membership)).collect();
            let visibilities: Vec<_> = visibilities.iter().map(|(place, one)| (RoomPos::new(*place).unwrap(), *one)).collect();
            last_inside(&visibilities, &changes)
        };
        for closed in [Shared, Joined] {
            let room = [(1, closed)];
            assert_eq!(last(&room, &[]), None);
            assert_eq!(last(&room, &[(3, Invite), (5, Leave)]), None);
            assert_eq!(last(&room, &[(3, Invite), (5, Join)]), Some(i64::MAX));
            assert_eq!(last(&room, &[(3, Join), (5, Leave)]), Some(5));
            assert_eq!(last(&room, &[(3, Join), (5, Leave), (7, Invite), (9, Leave)]), Some(5));
            assert_eq!(last(&room, &[(3, Join), (5, Ban), (7, Leave), (9, Ban)]), Some(5));
            assert_eq!(last(&room, &[(3, Join), (5, Leave), (7, Invite)]), Some(5));
            assert_eq!(last(&room, &[(3, Join), (5, Leave), (7, Join), (9, Leave)]), Some(9));
        }
        assert_eq!(last(&[(1, WorldReadable)], &[]), Some(i64::MAX));
        assert_eq!(last(&[(1, WorldReadable), (6, Shared)], &[(3, Join), (5, Leave)]), Some(6));
        assert_eq!(last(&[(1, WorldReadable), (6, Shared)], &[(3, Join), (8, Leave)]), Some(8));
    }

    #[test]
    fn the_last_readable_place_is_found_across_gaps() {
        let readable = Readable(vec![(2, 4), (8, 9)]);
        let found: Vec<_> = (1..=10).map(|place| readable.last_until(place)).collect();
        assert_eq!(found, [None, Some(2), Some(3), Some(4), Some(4), Some(4), Some(4), Some(8), Some(9), Some(9)]);
    }

    #[test]
    fn an_event_is_judged_by_the_visibility_it_was_sent_under() {
        use HistoryVisibility::{Joined, Shared, WorldReadable};
        use Membership::{Join, Leave};
        // opened after the fact: what was said under `joined` stays closed to those who came later
        assert_eq!(readable_over(&[(2, Joined), (6, Shared)], &[(8, Join)]), [1, 2, 6, 7, 8, 9, 10]);
        // closed after the fact: what was open stays open
        assert_eq!(readable_over(&[(1, WorldReadable), (4, Joined)], &[]), [1, 2, 3, 4]);
        // coming back opens what was said meanwhile, where members share their history
        assert_eq!(readable_over(&[(1, Shared)], &[(2, Join), (4, Leave), (9, Join)]), (1..=10).collect::<Vec<_>>());
    }
}
