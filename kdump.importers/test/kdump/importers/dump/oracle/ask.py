# SPDX-License-Identifier: Apache-2.0
"""Reads physical addresses of a dump through libkdumpfile or drgn: ask.py READER [FILE...].

Without files nothing happens but that the reader is loaded. Questions come on stdin until it ends:
address (8 bytes) and size (4 bytes), big-endian. The first line of stdout is "open" or what the
reader said; then for each question a byte: "h" and the bytes, "a" for bytes that are not in the
dump, or "d" and a line of text. Behind the answers of libkdumpfile, but not of a split dump, stands
for each question a byte: whether the machine has the page of the address (1), and whether the file
holds it (2).
"""
import ctypes
import ctypes.util
import os
import struct
import sys

MACHINE_PHYSICAL = 1
NO_DATA = 3
NUMBER = 2
PAGE_SHIFT = 12
READS = 200


class Absent(Exception):
    pass


class Attribute(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("value", ctypes.c_void_p)]


class Libkdumpfile:
    """By its C interface: in Python the parts of a split dump cannot be opened together."""

    def __init__(self, files):
        self.library = library = self.load()
        self.parts = len(files)
        library.kdump_new.restype = ctypes.c_void_p
        library.kdump_get_err.restype = ctypes.c_char_p
        self.room = ctypes.create_string_buffer(1 << 16)
        self.dump = None
        self.reads = 0
        opened = [os.open(file, os.O_RDONLY) for file in files]
        self.files = (ctypes.c_int * self.parts)(*opened)
        self.open()

    def open(self):
        library = self.library
        if self.dump is not None:
            library.kdump_free(self.dump)
        self.dump = ctypes.c_void_p(library.kdump_new())
        # a file that is mapped and breaks off ends the process
        never = Attribute(NUMBER, 0)
        library.kdump_set_attr(self.dump, b"file.mmap_policy", ctypes.byref(never))
        if self.parts:
            self.check(library.kdump_open_fdset(self.dump, self.parts, self.files))

    @staticmethod
    def load():
        """To look for the name takes longer than all else."""
        try:
            return ctypes.CDLL("libkdumpfile.so.10")
        except OSError:
            return ctypes.CDLL(ctypes.util.find_library("kdumpfile") or "libkdumpfile.so")

    def check(self, status):
        if status:
            text = self.library.kdump_get_err(self.dump) or b"?"
            raise (Absent if status == NO_DATA else Exception)(text.decode("latin-1"))

    def read(self, address, size):
        # more pages than its cache has, absent ones among them, end the process
        self.reads += 1
        if self.reads % READS == 0:
            self.open()
        count = ctypes.c_size_t(size)
        self.check(self.library.kdump_read(self.dump, MACHINE_PHYSICAL, ctypes.c_uint64(address),
                                           self.room, ctypes.byref(count)))
        return self.room.raw[:size] if size > 4096 else ctypes.string_at(self.room, size)

    def bits(self, name):
        """Returns what tells of a page whether a bitmap has it."""
        attribute = Attribute()
        if self.library.kdump_get_attr(self.dump, name, ctypes.byref(attribute)):
            return lambda page: 0
        bitmap = ctypes.c_void_p(attribute.value)
        byte = ctypes.create_string_buffer(1)

        def bit(page):
            number = ctypes.c_uint64(page)
            if self.library.kdump_bmp_get_bits(bitmap, number, number, byte):
                return 0
            return byte.raw[0] & 1
        return bit

    def pages(self, addresses):
        if self.parts > 1:
            return b""  # a part without a page ends the process
        machine, held = self.bits(b"memory.pagemap"), self.bits(b"file.pagemap")
        return bytes(machine(at >> PAGE_SHIFT) | held(at >> PAGE_SHIFT) << 1 for at in addresses)


class Drgn:

    def __init__(self, files):
        import drgn
        self.program = drgn.Program()
        self.fault = drgn.FaultError
        if files:
            self.program.set_core_dump(files[0])

    def read(self, address, size):
        try:
            return self.program.read(address, size, physical=True)
        except self.fault as e:
            raise Absent(str(e))

    def pages(self, addresses):
        return b""


def main():
    reader, files = sys.argv[1], sys.argv[2:]
    out = sys.stdout.buffer
    questions = [] if not files else list(struct.iter_unpack(">QI", sys.stdin.buffer.read()))
    try:
        dump = {"libkdumpfile": Libkdumpfile, "drgn": Drgn}[reader](files)
    except Exception as e:
        out.write((" ".join(str(e).split()) or "?").encode() + b"\n")
        sys.exit(0 if files else 1)
    out.write(b"open\n")
    for address, size in questions:
        try:
            out.write(b"h" + dump.read(address, size))
        except Absent:
            out.write(b"a")
        except Exception as e:
            out.write(b"d" + " ".join(str(e).split()).encode() + b"\n")
    out.write(dump.pages([address for address, _ in questions]))


main()
