//! The resource types that reports cover: all four, fewer on an endpoint that lags behind, and unknown ones.

use super::*;

const TWO_TYPES: [&str; 2] = ["ec2:Instance", "ec2:LaunchTemplate"];

/// An endpoint that does not have the recipe types yet. Its reports are available at once.
fn older_endpoint(state: State) -> Server {
    let settings = Settings {
        resource_types: TWO_TYPES.map(str::to_owned).into(),
        ..at_once()
    };
    Server::start(state, settings, |_, reply| Act::Reply(reply))
}

/// A fresh report of two types, as this program created before it knew the others.
fn old_report(image: &str, number: u32) -> Value {
    let mut report = report(image, number, 1);
    report["ResourceTypes"] = TWO_TYPES.map(|name| json!({"ResourceType": name})).into();
    report
}

fn row(run: &Run) -> Value {
    run.json()["ImageVerdicts"][0].clone()
}

#[test]
fn a_recipe_in_another_account_is_a_use() {
    for (name, column) in RECIPES.iter().zip(["ImageRecipes", "ContainerRecipes"]) {
        let mut document = document();
        document["Usage"] = json!([
            {"ImageId": UNUSED, "ResourceType": name, "AccountId": "001100110011", "UsageCount": 2},
        ]);
        let server = server(state(&document));
        let line = format!("check --image-ids {UNUSED} --output json");
        let run = server.words(&line).ends(1);
        is(&run, "in-use", "UsedByAccounts");
        let row = row(&run);
        assert_eq!(row[column], 2, "{row}");
        assert_eq!(row["Accounts"], 1, "{row}");
        assert_eq!(row["Instances"], 0, "{row}");
        assert_eq!(server.count(CREATE), 1);
    }
}

/// A report of two types does not show a use by a recipe, however fresh it is.
#[test]
fn a_fresh_report_of_two_types_is_replaced() {
    let document = json!({
        "Images": [image(UNUSED, "a")],
        "ImageUsageReports": [old_report(UNUSED, 1)],
        "Usage": [
            {"ImageId": UNUSED, "ResourceType": RECIPES[0], "AccountId": "001100110011", "UsageCount": 1},
        ],
    });
    let server = server(state(&document));
    let line = format!("check --image-ids {UNUSED} --output json");
    let run = server.words(&format!("{line} --no-create")).ends(2);
    is(&run, "unknown", "NoReport");
    // Zero would claim that there are none.
    assert_eq!(row(&run)["Instances"], 0);
    assert_eq!(row(&run)["ImageRecipes"], Value::Null);
    run.says("some reports do not cover imagebuilder:ContainerRecipe, imagebuilder:ImageRecipe");
    is(&server.words(&line).ends(1), "in-use", "UsedByAccounts");
    assert_eq!(server.count(CREATE), 1);
}

#[test]
fn an_endpoint_without_recipes_proves_uses_only() {
    let server = older_endpoint(state(&document()));
    let line = format!("check --image-ids {UNUSED} {USED} --output json");
    let run = server.words(&line).ends(1);
    let named = |verdict: &str, reason: &str| (verdict.to_owned(), reason.to_owned());
    assert_eq!(
        verdicts(&run),
        [
            named("unknown", "NotCovered"),
            named("in-use", "UsedByAccounts")
        ]
    );
    let unknown = row(&run);
    let message = unknown["Reasons"][0]["Message"].as_str().unwrap();
    for name in RECIPES {
        assert!(message.contains(&format!("no {name}")), "{message}");
    }
    assert_eq!(unknown["ContainerRecipes"], Value::Null);
    run.says("if the endpoint does not support them")
        .says("--resource-types");
    // Each type is refused once; then there is one request per image.
    assert_eq!(server.count(CREATE), 4);

    // The reports of the first run are of use to a second one, apart from the one that shows what is refused.
    let run = server.words(&line).ends(1);
    assert_eq!(verdicts(&run)[0].0, "unknown");
    assert_eq!(server.count(CREATE), 4 + 3);
}

#[test]
fn fewer_requested_types_are_named_in_the_row_and_in_the_note() {
    let server = older_endpoint(state(&document()));
    let line =
        format!("check --image-ids {UNUSED} --resource-types ec2:Instance,ec2:LaunchTemplate");
    let run = server.words(&format!("{line} --output json")).succeeds();
    is(&run, "unused", "NoUseFound");
    let row = row(&run);
    assert_eq!(
        row["Reasons"][0]["Message"],
        "no use and no reference found; not checked: imagebuilder:ImageRecipe, imagebuilder:ContainerRecipe"
    );
    let not_checked = row["NotChecked"].as_array().unwrap();
    for name in RECIPES {
        assert!(not_checked.contains(&name.into()), "{row}");
    }
    assert_eq!(row["LaunchTemplates"], 0);
    assert_eq!(row["ImageRecipes"], Value::Null);
    run.says("not checked: imagebuilder:ImageRecipe, imagebuilder:ContainerRecipe");
    assert_eq!(server.count(CREATE), 1);

    // A type that nothing supports is refused, and the verdict is not guessed.
    let run = server.words(&format!(
        "check --image-ids {UNUSED} --resource-types ec2:Nothing --output json"
    ));
    is(&run.ends(2), "unknown", "RequestFailed");
}

#[test]
fn a_refusal_costs_one_request_per_type_and_not_per_image() {
    let images: Vec<_> = (1..=200)
        .map(|number| image(&format!("ami-{number:017}"), "a"))
        .collect();
    let state = state(&json!({"Images": images, "Usage": []}));
    let server = older_endpoint(state);
    let run = server
        .words("check --owned --output json --fail-on none")
        .succeeds();
    assert!(
        verdicts(&run)
            .iter()
            .all(|(_, reason)| reason == "NotCovered")
    );
    assert_eq!(server.count(CREATE), 202);
}

/// The service may count types that this program does not know.
#[test]
fn an_unknown_resource_type_is_a_use_if_it_counts_one() {
    for (count, status, verdict, reason) in [
        (3, 1, "in-use", "UsedByAccounts"),
        (0, 0, "unused", "NoUseFound"),
    ] {
        let mut entry = entry(UNUSED, 1, Some(count));
        entry["ResourceType"] = "ec2:Future".into();
        let server = server(one_image(json!([report(UNUSED, 1, 1)]), json!([entry])));
        let line = format!("check --image-ids {UNUSED} --output json");
        let run = server.words(&line).ends(status);
        is(&run, verdict, reason);
        let used_by = &row(&run)["UsedBy"];
        match count {
            0 => assert_eq!(*used_by, json!([])),
            _ => assert_eq!(
                *used_by,
                json!([{"AccountId": "001100110011", "ResourceType": "ec2:Future", "UsageCount": 3}])
            ),
        }
        assert_eq!(server.count(CREATE), 0);
    }
}

/// A pending report of an earlier run is adopted there, and not replaced by one that covers no more.
#[test]
fn an_adopted_report_without_refused_types_is_not_replaced() {
    let settings = Settings {
        resource_types: TWO_TYPES.map(str::to_owned).into(),
        report_delay: Duration::from_secs(3),
        ..Settings::default()
    };
    let server = Server::start(state(&document()), settings, |_, reply| Act::Reply(reply));
    server
        .words(&format!("reports create --image-ids {UNUSED}"))
        .succeeds();
    assert_eq!(server.count(CREATE), 3);
    let run = server
        .words(&format!("check --image-ids {UNUSED} --output json"))
        .ends(2);
    is(&run, "unknown", "NotCovered");
    // Two types are refused; the third request is rejected because a report is pending.
    assert_eq!(server.count(CREATE), 6);
}
