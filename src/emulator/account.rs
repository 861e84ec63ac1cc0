//! The emulated account and the settings of its service.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::resource_type::REPORT_TYPES;
use super::state::State;
use super::throttle::Throttle;

/// How an [`Emulator`](super::Emulator) behaves, apart from its data.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a new report is pending.
    pub report_delay: Duration,
    /// The resource types that new reports can cover. The service has four; an endpoint that lags behind has fewer.
    pub resource_types: Vec<String>,
    /// The quota of pending reports per Region. The service's quota is 2,000.
    pub max_pending: usize,
    /// The rate limit of requests; none by default.
    pub throttle: Option<Throttle>,
}

impl Default for Settings {
    /// A delay of 300 milliseconds, short enough for examples; the service's resource types and quota; no throttling.
    fn default() -> Self {
        Self {
            report_delay: Duration::from_millis(300),
            resource_types: REPORT_TYPES.map(str::to_owned).into(),
            max_pending: 2_000,
            throttle: None,
        }
    }
}

/// The query of each client token in each Region, and the position of the report that it created.
pub(super) type ClientTokens = HashMap<(String, String), ([u8; 32], usize)>;

/// The emulated account.
#[derive(Debug)]
pub(super) struct Account {
    pub settings: Settings,
    data: RwLock<AccountData>,
}

/// The account's data and the client tokens of earlier requests.
#[derive(Debug)]
pub(super) struct AccountData {
    pub state: State,
    pub tokens: ClientTokens,
}

impl Account {
    pub fn new(state: State, settings: Settings) -> Self {
        Self {
            settings,
            data: RwLock::new(AccountData {
                state,
                tokens: ClientTokens::default(),
            }),
        }
    }

    /// Locks the data for reading. An action that panicked has left it consistent.
    pub fn read(&self) -> RwLockReadGuard<'_, AccountData> {
        self.data.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn write(&self) -> RwLockWriteGuard<'_, AccountData> {
        self.data.write().unwrap_or_else(PoisonError::into_inner)
    }
}
