"""Lines that ./test counts: `ok …` and `not ok …`."""

import sys


class Checks:
    """Counts what held and what did not; a failed check does not stop the others."""

    def __init__(self):
        self.failed = 0

    def that(self, name, holds, detail=""):
        if holds:
            print(f"ok {name}", flush=True)
        else:
            self.failed += 1
            print(f"not ok {name}{': ' if detail != '' else ''}{detail}", flush=True)
        return bool(holds)

    def equal(self, name, found, wanted):
        return self.that(name, found == wanted, f"{found!r} is not {wanted!r}")

    def end(self):
        sys.exit(1 if self.failed else 0)
