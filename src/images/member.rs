//! Types of the service as rows of output: all members under the API's names, in the service's order.

use aws_sdk_ec2::types;
use aws_smithy_types::DateTime;
use serde::{Serialize, Serializer};
use serde_json::Value;
#[cfg(test)]
use serde_json::json;

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

    /// The JSON Schema of the value.
    #[cfg(test)]
    fn schema() -> Value;
}

/// An item of a list of the service.
#[derive(Clone, Debug)]
pub struct Row<T>(pub T);

impl<T: Member> Serialize for Row<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_json().serialize(serializer)
    }
}

#[cfg(test)]
impl<T: Member> schemars::JsonSchema for Row<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        let name = std::any::type_name::<T>();
        name.rsplit("::").next().unwrap_or(name).into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::schema().try_into().expect("an object")
    }
}

impl Member for String {
    fn to_json(&self) -> Value {
        self.as_str().into()
    }

    fn to_cell(&self) -> Cell<'_> {
        self.as_str().into()
    }

    #[cfg(test)]
    fn schema() -> Value {
        json!({ "type": "string" })
    }
}

impl Member for bool {
    fn to_json(&self) -> Value {
        (*self).into()
    }

    fn to_cell(&self) -> Cell<'_> {
        Cell::Bool(*self)
    }

    #[cfg(test)]
    fn schema() -> Value {
        json!({ "type": "boolean" })
    }
}

impl Member for i32 {
    fn to_json(&self) -> Value {
        (*self).into()
    }

    #[cfg(test)]
    fn schema() -> Value {
        json!({ "type": "integer" })
    }
}

impl Member for DateTime {
    fn to_json(&self) -> Value {
        Time::from(*self).as_str().into()
    }

    #[cfg(test)]
    fn schema() -> Value {
        json!({ "type": "string", "format": "date-time" })
    }
}

impl<T: Member> Member for Vec<T> {
    fn to_json(&self) -> Value {
        self.iter().map(T::to_json).collect()
    }

    #[cfg(test)]
    fn schema() -> Value {
        json!({ "type": "array", "items": T::schema() })
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

            #[cfg(test)]
            fn schema() -> Value {
                String::schema()
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

            #[cfg(test)]
            fn schema() -> serde_json::Value {
                fn of<M: Member>(_: impl Fn(&types::$type) -> &Option<M>) -> serde_json::Value {
                    M::schema()
                }
                let members = [$((stringify!($name), of(|value| &value.$field))),*];
                let properties = serde_json::Value::from_iter(members);
                serde_json::json!({ "type": "object", "properties": properties })
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
