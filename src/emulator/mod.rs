//! Amazon EC2's image usage actions, answered locally.
