#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Proves the operator in a box by itself, in seconds, without agentd: codecs against the vectors, DM sessions right and wrong, MID packages with
openssl, DTLS and CoAP with libcoap's client. Prints one line a test; exit status 1 if one failed. A test that cannot run has failed.

usage: selftest.py [--vectors DIR] [NAME...]
"""
from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--vectors", type=Path, default=HERE.parent / "vectors" / "oma")
    p.add_argument("name", nargs="*", help="run only the tests whose name contains one of these")
    a = p.parse_args()
    sys.path.insert(0, str(HERE))
    import selftest_codecs
    import selftest_dm
    import selftest_lwm2m
    failed = passed = 0
    for module in (selftest_codecs, selftest_dm, selftest_lwm2m):
        for f in [v for k, v in vars(module).items() if k.startswith("test_")]:
            if a.name and not any(n in f.__name__ for n in a.name):
                continue
            start = time.monotonic()
            try:
                with tempfile.TemporaryDirectory(prefix="operator-") as folder:
                    f(Path(folder), a.vectors)
                passed += 1
                print(f"ok {f.__name__[5:]} ({time.monotonic() - start:.1f} s)", flush=True)
            except Exception:  # noqa: BLE001 - any end but a good one is a failure
                failed += 1
                print(f"FAILED {f.__name__[5:]}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
