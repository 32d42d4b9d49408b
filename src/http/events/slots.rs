//! How many clients may follow the events, in total and from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::NoPlace;
use crate::telemetry::metrics::TASKMANAGER_EVENT_CLIENTS;

/// The slots of all clients.
#[derive(Debug)]
pub(super) struct ClientSlots {
    permits: Arc<Semaphore>,
    by_address: Arc<ByAddress>,
}

impl ClientSlots {
    /// So many in total, and so many for one address.
    pub(super) fn new(clients_max: u32, clients_per_address_max: u32) -> Self {
        let permits = usize::try_from(clients_max).unwrap_or(Semaphore::MAX_PERMITS);
        let by_address =
            ByAddress { clients_max: clients_per_address_max, clients: Mutex::default() };
        Self { permits: Arc::new(Semaphore::new(permits)), by_address: Arc::new(by_address) }
    }
}

/// How many clients each address has.
#[derive(Debug)]
struct ByAddress {
    clients_max: u32,
    clients: Mutex<HashMap<IpAddr, u32>>,
}

impl ByAddress {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more, unless it has its share already.
    fn add(&self, address: IpAddr) -> bool {
        let mut clients = self.lock();
        let count = clients.entry(address).or_default();
        let fits = *count < self.clients_max;
        *count += u32::from(fits);
        fits
    }

    fn remove(&self, address: IpAddr) {
        let mut clients = self.lock();
        if let Some(count) = clients.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                clients.remove(&address);
            }
        }
    }
}

/// What counts as one address: with IPv6 a subscriber has a whole network of 64 bits (RFC 6177).
fn subscriber(address: IpAddr) -> IpAddr {
    const SUBSCRIBER_BITS: u32 = 64;
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = address.to_bits() >> SUBSCRIBER_BITS << SUBSCRIBER_BITS;
            Ipv6Addr::from_bits(network).into()
        }
    }
}

/// A client's slot among those that there may be.
#[derive(Debug)]
pub(super) struct ClientSlot {
    _permit: OwnedSemaphorePermit,
    by_address: Arc<ByAddress>,
    address: IpAddr,
}

impl ClientSlot {
    pub(super) fn take(slots: &ClientSlots, address: IpAddr) -> Result<Self, NoPlace> {
        let permit = Arc::clone(&slots.permits).try_acquire_owned().map_err(|_| NoPlace::Full)?;
        let address = subscriber(address);
        if !slots.by_address.add(address) {
            return Err(NoPlace::FullForAddress);
        }
        gauge!(TASKMANAGER_EVENT_CLIENTS).increment(1);
        Ok(Self { _permit: permit, by_address: Arc::clone(&slots.by_address), address })
    }
}

impl Drop for ClientSlot {
    fn drop(&mut self) {
        self.by_address.remove(self.address);
        gauge!(TASKMANAGER_EVENT_CLIENTS).decrement(1);
    }
}
