//! Cells of one interface on the board, shared by both ways of reading `netdev`: by rtnetlink and from files.

use crate::board::{Board, CellId, EntityId};
use crate::netlink::LinkStats;
use weft_wire::Tier;

pub const NAME: &str = "netdev";

/// Why there is no carrier to read: an interface that somebody has set down has no link state, and no broken link.
pub(super) const ADMIN_DOWN: &str = "set down by its administrator (IFF_UP is clear)";

/// Cells of one interface, shared by both ways of reading.
pub(super) struct LinkCells {
    /// By place in [`LinkStats::NAMES`].
    pub stats: Vec<(usize, CellId, Tier)>,
    pub carrier: CellId,
    pub carrier_up_count: CellId,
    pub carrier_down_count: CellId,
    pub mtu: CellId,
    pub speed: CellId,
}

impl LinkCells {
    pub fn offer(board: &mut Board, entity: EntityId) -> Option<LinkCells> {
        let mut cell = |raw: &str| board.cell(entity, NAME, NAME, raw);
        let stats: Vec<CellId> = LinkStats::NAMES.iter().map(|raw| cell(raw)).collect::<Option<_>>()?;
        let (carrier, mtu, speed) = (cell("carrier")?, cell("mtu")?, cell("speed")?);
        let (carrier_up_count, carrier_down_count) = (cell("carrier_up_count")?, cell("carrier_down_count")?);
        let tier = |id: CellId| board.get(entity).and_then(|e| e.cell(id)).map_or(Tier::Slow, |c| c.tier());
        let stats = stats.into_iter().enumerate().map(|(place, id)| (place, id, tier(id))).collect();
        Some(LinkCells { stats, carrier, carrier_up_count, carrier_down_count, mtu, speed })
    }
}
