//! `--generate-cli-skeleton`: prints a document with placeholders.

use serde_json::Value;

use super::output_plan::OutputPlan;
use super::terminal::Terminal;
use crate::cli::document::{Skeleton, SkeletonKind};
use crate::cli::output::Output;
use crate::entries::Entry;
use crate::error::Error;
use crate::output::{Destination, RowWriter, write_to_stdout};

/// Prints the skeleton. Sends no request.
pub(super) async fn run(mut skeleton: Skeleton, terminal: &Terminal) -> Result<(), Error> {
    if skeleton.kind == SkeletonKind::YamlInput {
        return Ok(write_to_stdout(&format!(
            "{}\n",
            yaml(&skeleton.document, 0)
        ))?);
    }
    if skeleton.output.output == Output::Auto {
        skeleton.output.output = terminal.default_output.unwrap_or(Output::Json);
    }
    let output_plan = OutputPlan::check(skeleton.output, false, terminal)?;
    let destination = Destination::open(output_plan.out_file.as_deref())?;
    let options = output_plan.options(false);
    let mut writer = RowWriter::<Entry>::new(options.clone(), destination.sink(|out| out)?);
    writer.document(skeleton.document, &options).await?;
    Ok(destination.commit()?)
}

/// YAML in the style of the AWS CLI: lists have the indentation of their key. Placeholders need no escapes.
fn yaml(value: &Value, indent: usize) -> String {
    let new_line = |indent: usize| format!("\n{}", " ".repeat(indent));
    match value {
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| match value {
                Value::Array(_) => format!("{name}:{}{}", new_line(indent), yaml(value, indent)),
                Value::Object(_) => {
                    let indent = indent + 2;
                    format!("{name}:{}{}", new_line(indent), yaml(value, indent))
                }
                value => format!("{name}: {}", yaml(value, indent)),
            };
            let members: Vec<_> = members.iter().map(member).collect();
            members.join(&new_line(indent))
        }
        Value::Array(items) => {
            let item = |item| format!("- {}", yaml(item, indent + 2));
            let items: Vec<_> = items.iter().map(item).collect();
            items.join(&new_line(indent))
        }
        Value::String(text) => format!("'{text}'"),
        value => value.to_string(),
    }
}
