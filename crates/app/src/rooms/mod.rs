//! Rooms: making them, who is in them, what is said in them.
