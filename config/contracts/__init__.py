"""The client contracts this server speaks. One page each."""

from config.contracts.pub import PUB
from config.contracts.pulseboard import PULSEBOARD

CONTRACTS = (PUB, PULSEBOARD)
