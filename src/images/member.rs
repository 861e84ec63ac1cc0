//! Types of the service as rows of output: all members under the API's names, in the service's order.

use aws_sdk_ec2::types;
use aws_smithy_types::DateTime;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::aws::Time;
use crate::output::Cell;

/// A type of the service, as the SDK decodes it.
pub trait Member {
    /// The value as JSON. Absent members are omitted.
    fn to_json(&self) -> Value;

    /// The value in a column: a list or an object is compact JSON.
    fn to_cell(&self) -> Cell<'_> {
        self.to_json().to_string().into()
    }
}

/// An item of a list of the service.
#[derive(Clone, Debug)]
pub struct Row<T>(pub T);

impl<T: Member> Serialize for Row<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_json().serialize(serializer)
    }
}

impl Member for String {
    fn to_json(&self) -> Value {
        self.as_str().into()
    }

    fn to_cell(&self) -> Cell<'_> {
        self.as_str().into()
    }
}

impl Member for bool {
    fn to_json(&self) -> Value {
        (*self).into()
    }

    fn to_cell(&self) -> Cell<'_> {
        Cell::Bool(*self)
    }
}

impl Member for i32 {
    fn to_json(&self) -> Value {
        (*self).into()
    }
}

impl Member for DateTime {
    fn to_json(&self) -> Value {
        Time::from(*self).as_str().into()
    }
}

impl<T: Member> Member for Vec<T> {
    fn to_json(&self) -> Value {
        self.iter().map(T::to_json).collect()
    }
}

/// Implements [`Member`] for enumerations of the service.
macro_rules! words {
    ($($type:ident),* $(,)?) => {$(
        impl Member for types::$type {
            fn to_json(&self) -> Value {
                self.as_str().into()
            }

            fn to_cell(&self) -> Cell<'_> {
                self.as_str().into()
            }
        }
    )*};
}

/// Implements [`Member`] for structures of the service: the API's name of each member, and the SDK's.
macro_rules! structures {
    ($($type:ident { $($name:ident: $field:ident),* $(,)? })*) => {$(
        impl Member for types::$type {
            fn to_json(&self) -> serde_json::Value {
                let mut members = serde_json::Map::new();
                $(if let Some(member) = &self.$field {
                    members.insert(stringify!($name).to_owned(), member.to_json());
                })*
                members.into()
            }
        }
    )*};
}

/// Implements [`Record`](crate::output::Record) for rows of a type of the service: the name of the list, then for each
/// member the API's name, the SDK's, and its column. A table does not show it unless it says so.
macro_rules! record {
    ($list:literal of $type:ident {
        $($name:ident: $field:ident => $kind:ident($($layout:expr),*) $(.$set:ident($($value:expr)?))*;)*
    }) => {
        structures! { $type { $($name: $field),* } }

        impl Record for Row<types::$type> {
            const LIST: &'static str = $list;

            const COLUMNS: &'static [Column<Self>] = &[$(
                Column::$kind(stringify!($name), $($layout,)* |row: &Self| cell!($kind, row.0.$field))
                    .optional()
                    .shown(Shown::Data)
                    $(.$set($($value)?))*,
            )*];
        }
    };
}

/// The cell of an optional member. The service sends some times as text.
macro_rules! cell {
    (time, $member:expr) => {
        Cell::time($member.as_deref())
    };
    ($kind:ident, $member:expr) => {
        $member.as_ref().map_or(Cell::Absent, Member::to_cell)
    };
}

pub(super) use {cell, record, structures};

words! {
    ArchitectureValues,
    BootModeValues,
    DeviceType,
    HypervisorType,
    ImageState,
    ImageTypeValues,
    ImdsSupportValues,
    PlatformValues,
    ProductCodeValues,
    SeverityLabel,
    TpmSupportValues,
    VirtualizationType,
    VolumeType,
}
