# SPDX-License-Identifier: Apache-2.0
"""Codecs of the operator side: CP documents, WSP pushes, DM digests, card images. Pure: octets in, values or errors out."""
