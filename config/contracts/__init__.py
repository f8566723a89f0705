"""The client contracts this server speaks. One page each."""

from config.contracts.pub import PUB

CONTRACTS = (PUB,)
