"""The three compressions of file transfer; each only where its library is installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from virtualdevice.adbd.sync_format import Flag

__all__ = ["Codec", "Decompressor", "decompressor", "offered_codecs"]

Decompressor = Callable[[Iterable[bytes]], Iterator[bytes]]


class Codec(NamedTuple):
    """Both directions, as generators over blocks. Broken data is a ValueError.

    (No dataclass: process 1 of each device would have to import as much again for it.)
    """

    decompress: Decompressor
    compress: Decompressor


def decompressor(flags: Flag) -> Decompressor | None:
    codec = offered_codecs().get(flags)
    return codec.decompress if codec else None


def offered_codecs() -> Mapping[Flag, Codec]:
    """Those whose library was found when this was imported."""
    return _CODECS


def _brotli(module: Any) -> Codec:
    def decompress(blocks: Iterable[bytes]) -> Iterator[bytes]:
        decoder = module.Decompressor()
        for block in blocks:
            try:
                yield decoder.process(block)
            except module.error as error:
                raise ValueError(str(error)) from error

    def compress(blocks: Iterable[bytes]) -> Iterator[bytes]:
        encoder = module.Compressor(quality=1)
        for block in blocks:
            yield encoder.process(block)
        yield encoder.finish()

    return Codec(decompress=decompress, compress=compress)


def _lz4(module: Any) -> Codec:
    def decompress(blocks: Iterable[bytes]) -> Iterator[bytes]:
        decoder = module.LZ4FrameDecompressor()
        for block in blocks:
            try:
                yield decoder.decompress(block)
            except (RuntimeError, EOFError) as error:
                raise ValueError(str(error)) from error

    def compress(blocks: Iterable[bytes]) -> Iterator[bytes]:
        encoder = module.LZ4FrameCompressor()
        yield encoder.begin()
        for block in blocks:
            yield encoder.compress(block)
        yield encoder.flush()

    return Codec(decompress=decompress, compress=compress)


def _zstd(module: Any) -> Codec:
    def decompress(blocks: Iterable[bytes]) -> Iterator[bytes]:
        decoder = module.ZstdDecompressor().decompressobj()
        for block in blocks:
            try:
                yield decoder.decompress(block)
            except module.ZstdError as error:
                raise ValueError(str(error)) from error

    def compress(blocks: Iterable[bytes]) -> Iterator[bytes]:
        encoder = module.ZstdCompressor(level=1).compressobj()
        for block in blocks:
            yield encoder.compress(block)
        yield encoder.flush()

    return Codec(decompress=decompress, compress=compress)


def _found() -> dict[Flag, Codec]:
    makers = (
        (Flag.BROTLI, "brotli", _brotli),
        (Flag.LZ4, "lz4.frame", _lz4),
        (Flag.ZSTD, "zstandard", _zstd),
    )
    codecs = {}
    for flag, name, make in makers:
        try:
            codecs[flag] = make(importlib.import_module(name))
        except ImportError:
            continue
    return codecs


_CODECS = _found()
