# SPDX-License-Identifier: Apache-2.0
"""AKA of the operator side: MILENAGE, TUAK, key derivation, the AuC's subscriber file. A test peer, never production code."""
