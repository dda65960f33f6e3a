"""Where the studio keeps what people write: SQLite or PostgreSQL, one door a person."""

from thymos.serve.studio.store.owned import Conflict, NotFound
from thymos.serve.studio.store.sealing import Sealer
from thymos.serve.studio.store.store import Store, UserStore

__all__ = ["Conflict", "NotFound", "Sealer", "Store", "UserStore"]
