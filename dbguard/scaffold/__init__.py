"""``dbguard scaffold``: whole migrations that rebuild a table by the protocol's option B."""
