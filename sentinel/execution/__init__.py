"""From a plan to the broker and the ledger: intent, deed, outcome, recovery."""
