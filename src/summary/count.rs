//! Counts uses by group. Memory grows with the groups, not with the entries.

use std::cell::RefCell;

use indexmap::{IndexMap, IndexSet};
use roaring::RoaringBitmap;

use crate::reports::resource_type;

/// What the uses of a group have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// The image.
    pub image: bool,
    /// The account.
    pub account: bool,
    /// The resource type.
    pub resource_type: bool,
    /// The Region, as always for an image.
    pub region: bool,
}

/// The names of the accounts and resource types of all Regions. Groups have their indexes.
#[derive(Debug)]
pub struct Names {
    accounts: RefCell<IndexSet<String>>,
    /// The first ones are [`resource_type::ALL`].
    types: RefCell<IndexSet<String>>,
}

impl Default for Names {
    fn default() -> Self {
        let types = resource_type::ALL.map(str::to_owned);
        Self {
            accounts: RefCell::default(),
            types: RefCell::new(types.into()),
        }
    }
}

/// An index in a collection.
fn index(index: usize) -> u32 {
    u32::try_from(index).expect("memory holds fewer than 2³² names")
}

fn intern(names: &RefCell<IndexSet<String>>, name: &str) -> u32 {
    let mut names = names.borrow_mut();
    let known = names.get_index_of(name);
    index(known.unwrap_or_else(|| names.insert_full(name.to_owned()).0))
}

impl Names {
    /// The accounts and the resource types, by their indexes.
    pub(super) fn into_lists(self) -> [IndexSet<String>; 2] {
        [self.accounts.into_inner(), self.types.into_inner()]
    }
}

/// An image by the indexes of its Region and of its report there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ImageIndex(u32);

impl ImageIndex {
    /// EC2 has fewer than 2¹² Regions, and fewer than 2²⁰ images of an account in one.
    const REPORT_BITS: u32 = 20;

    pub fn new(region: u32, report: usize) -> Self {
        let report = index(report);
        assert!(report >> Self::REPORT_BITS == 0 && region >> (32 - Self::REPORT_BITS) == 0);
        Self(region << Self::REPORT_BITS | report)
    }

    pub fn region(self) -> usize {
        (self.0 >> Self::REPORT_BITS) as usize
    }

    pub fn report(self) -> usize {
        (self.0 & ((1 << Self::REPORT_BITS) - 1)) as usize
    }
}

/// The key of a group. A part that is no key is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct GroupKey {
    /// The index of the Region.
    pub region: Option<u32>,
    /// The image.
    pub image: Option<ImageIndex>,
    /// The index of the account.
    pub account: Option<u32>,
    /// The index of the resource type.
    pub resource_type: Option<u32>,
}

impl GroupKey {
    /// The number of accounts with a use.
    pub fn accounts(&self, tally: &Tally) -> i64 {
        match self.account {
            Some(_) => i64::from(tally.uses > 0),
            None => tally.accounts(),
        }
    }

    /// The number of images in use.
    pub fn images(&self, tally: &Tally) -> i64 {
        match self.image {
            Some(_) => i64::from(tally.uses > 0),
            None => tally.images(),
        }
    }
}

/// The uses of a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// All of them.
    pub uses: i64,
    /// Those by each type of [`resource_type::ALL`].
    pub of_type: [i64; resource_type::ALL.len()],
    /// The accounts with a use, unless the account is a key.
    accounts: RoaringBitmap,
    /// The images in use, unless the image is a key.
    images: RoaringBitmap,
}

impl Tally {
    /// Adds the uses of another group, whose accounts and images are not keys or the same.
    pub fn add(&mut self, other: &Self) {
        self.uses = self.uses.saturating_add(other.uses);
        for (sum, part) in self.of_type.iter_mut().zip(other.of_type) {
            *sum = sum.saturating_add(part);
        }
        self.accounts |= &other.accounts;
        self.images |= &other.images;
    }

    /// Adds the members that are the key of a group with a use.
    pub fn add_members(&mut self, key: &GroupKey) {
        self.accounts.extend(key.account);
        self.images.extend(key.image.map(|image| image.0));
    }

    /// The number of accounts with a use.
    pub fn accounts(&self) -> i64 {
        self.accounts.len().try_into().unwrap_or(i64::MAX)
    }

    /// The number of images in use.
    pub fn images(&self) -> i64 {
        self.images.len().try_into().unwrap_or(i64::MAX)
    }
}

/// The uses of each group.
#[derive(Debug, Default)]
pub struct Counts {
    keys: Keys,
    pub(super) groups: IndexMap<GroupKey, Tally>,
}

impl Counts {
    /// No uses.
    pub fn new(keys: Keys) -> Self {
        Self {
            keys,
            ..Self::default()
        }
    }

    /// The key of the groups of an image.
    fn key_of(&self, image: ImageIndex) -> GroupKey {
        let has_region = self.keys.region || self.keys.image;
        GroupKey {
            region: has_region.then(|| index(image.region())),
            image: self.keys.image.then_some(image),
            ..GroupKey::default()
        }
    }

    /// Adds the group of an image without a use, unless the groups are those of accounts or resource types.
    pub(super) fn add_image(&mut self, image: ImageIndex) {
        if !self.keys.account && !self.keys.resource_type {
            self.groups.entry(self.key_of(image)).or_default();
        }
    }

    /// Adds a positive number of uses of an image.
    pub(super) fn add(
        &mut self,
        image: ImageIndex,
        names: &Names,
        [account, resource_type]: [&str; 2],
        uses: i64,
    ) {
        let account = intern(&names.accounts, account);
        let resource_type = intern(&names.types, resource_type);
        let key = GroupKey {
            account: self.keys.account.then_some(account),
            resource_type: self.keys.resource_type.then_some(resource_type),
            ..self.key_of(image)
        };
        let tally = self.groups.entry(key).or_default();
        tally.uses = tally.uses.saturating_add(uses);
        if let Some(sum) = tally.of_type.get_mut(resource_type as usize) {
            *sum = sum.saturating_add(uses);
        }
        if !self.keys.account {
            tally.accounts.insert(account);
        }
        if !self.keys.image {
            tally.images.insert(image.0);
        }
    }

    /// Adds the uses of another Region.
    pub(super) fn merge(&mut self, other: Self) {
        if self.groups.is_empty() {
            self.groups = other.groups;
            return;
        }
        for (key, tally) in other.groups {
            self.groups.entry(key).or_default().add(&tally);
        }
    }

    /// The uses of several groups, with their accounts and images.
    pub(super) fn sum(&self, groups: impl Iterator<Item = usize>) -> Tally {
        let mut sum = Tally::default();
        for group in groups {
            let (key, tally) = &self.groups.get_index(group).expect("the group exists");
            sum.add(tally);
            if tally.uses > 0 {
                sum.add_members(key);
            }
        }
        sum
    }
}
