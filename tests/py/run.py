"""Runs every test here, and ends with a line that `cargo xtask test` reads."""

import sys
import unittest

if __name__ == "__main__":
    suite = unittest.defaultTestLoader.discover(".")
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    # A test may fail by several ways to connect, each of which is told; it counts once.
    failed = len({getattr(test, "test_case", test) for test, _ in result.failures + result.errors})
    skipped = len(result.skipped) + len(result.expectedFailures)
    print(f"passed {result.testsRun - failed - skipped}, failed {failed}, skipped {skipped}")
    sys.exit(not result.wasSuccessful())
