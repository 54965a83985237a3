// SPDX-License-Identifier: Apache-2.0
package kdump.importers.elf;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import kdump.importers.bytes.ByteFacts;
import kdump.importers.bytes.Content;
import kdump.importers.dump.Dump;
import kdump.importers.dump.VmcoreInfo;

/**
 * Reads the headers of a core file. e_ehsize is not looked at: QEMU writes the size of e_phoff
 * there.
 *
 * <p>Source: System V ABI, "ELF Header" and "Program Header"; AMD64 supplement, "Machine
 * Information".
 */
final class ElfCoreReader {

    static final int HEADER_BYTES = 64;
    static final int PROGRAM_HEADER_BYTES = 56;

    /**
     * Most program headers: one for each run of pages. A dump of a large server has a few dozen, a
     * sparse table capture hundreds; this many headers take 14 MiB.
     */
    static final int MAX_SEGMENTS = 1 << 18;

    /** First address that x86-64 has no pins for. Source: Intel SDM vol. 3, "MAXPHYADDR". */
    static final long PHYSICAL_ADDRESS_END = 1L << 52;

    /** Most bytes of notes: some kilobytes for each of thousands of CPUs. */
    private static final int MAX_NOTE_BYTES = 16 << 20;

    private static final long MAGIC = 0x464c457fL;
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int ET_CORE = 4;
    private static final int EM_X86_64 = 62;
    private static final int PN_XNUM = 0xffff;
    /** p_paddr of memory that has a virtual address only. Source: Linux, fs/proc/kcore.c. */
    private static final long NO_ADDRESS = -1;
    private static final int PT_LOAD = 1;
    private static final int PT_NOTE = 4;
    private static final int SECTION_HEADER_BYTES = 64;
    private static final int SH_INFO = 44;
    private static final long PAGE_BYTES = 4096;

    private final Content content;
    private long missingBytes;
    private long virtualBytes;
    private long beyondBytes;
    private final List<AddressRange> lost = new ArrayList<>();
    private final List<AddressRange> memory = new ArrayList<>();
    private FormatException breaksOff;

    ElfCoreReader(Content content) {
        this.content = content;
    }

    Dump read() throws IOException {
        ByteFacts header = content.facts(0, (int) Math.min(content.bytes(), HEADER_BYTES));
        checkIdentity(header);
        long offset = header.u64(32, "e_phoff");
        int entryBytes = header.u16(54, "e_phentsize");
        if (entryBytes != PROGRAM_HEADER_BYTES) {
            throw header.wrong(54, "e_phentsize", entryBytes, "0x38");
        }
        int count = segmentCount(header);
        int bytes = count * PROGRAM_HEADER_BYTES;
        if (offset < 0 || offset > content.bytes() - bytes) {
            throw header.wrong(32, "e_phoff", offset,
                    count + " program headers within the file's 0x"
                            + Long.toHexString(content.bytes()) + " bytes");
        }
        ByteFacts table = content.facts(offset, bytes);
        List<Segment> loads = new ArrayList<>();
        for (int at = 0; at < bytes; at += PROGRAM_HEADER_BYTES) {
            if (table.u32(at, "p_type") == PT_LOAD) {
                addLoad(table, at, loads);
            }
        }
        if (loads.isEmpty() && breaksOff != null) {
            throw breaksOff;
        }
        checkPhysical(table);
        Overlaps overlaps = new Overlaps(content, loads);
        CoreImage image = new CoreImage(content, overlaps.resolve());
        return new Dump(image, List.copyOf(memory), lost, VmcoreInfo.ofNotes(notes(table)),
                remarks(overlaps));
    }

    /**
     * Segments that all lie at 0 have no physical addresses: the core is that of a process.
     *
     * <p>Source: System V ABI, "Program Header", p_paddr.
     */
    private void checkPhysical(ByteFacts table) throws FormatException {
        boolean same = memory.stream().allMatch(range -> range.start() == 0);
        if (memory.size() > 1 && same || memory.isEmpty() && virtualBytes > 0) {
            for (int at = 0; at < table.size(); at += PROGRAM_HEADER_BYTES) {
                if (table.u32(at, "p_type") == PT_LOAD) {
                    throw table.wrong(at + 24, "p_paddr", table.u64(at + 24, "p_paddr"),
                            "physical addresses: all segments have this, as in the core of a "
                                    + "process");
                }
            }
        }
    }

    private List<String> remarks(Overlaps overlaps) {
        List<String> remarks = new ArrayList<>();
        if (missingBytes > 0) {
            remarks.add("The core names 0x" + Long.toHexString(missingBytes)
                    + " bytes of memory that it does not hold.");
        }
        if (virtualBytes > 0) {
            remarks.add("The core holds 0x" + Long.toHexString(virtualBytes)
                    + " bytes at virtual addresses only; they are left out.");
        }
        if (beyondBytes > 0) {
            remarks.add("The core breaks off at 0x" + Long.toHexString(content.bytes()) + ": 0x"
                    + Long.toHexString(beyondBytes) + " bytes of memory that it names lie beyond"
                    + " and are absent.");
        }
        if (overlaps.remark() != null) {
            remarks.add(overlaps.remark());
        }
        return remarks;
    }

    private static void checkIdentity(ByteFacts header) throws FormatException {
        require(header, 0, "e_ident.magic", header.u32(0, "e_ident.magic"), MAGIC);
        require(header, 4, "e_ident.class", header.u8(4, "e_ident.class"), CLASS_64);
        require(header, 5, "e_ident.data", header.u8(5, "e_ident.data"), LITTLE_ENDIAN);
        require(header, 16, "e_type", header.u16(16, "e_type"), ET_CORE);
        require(header, 18, "e_machine", header.u16(18, "e_machine"), EM_X86_64);
    }

    private static void require(ByteFacts facts, int offset, String field, long found,
            long expected) throws FormatException {
        if (found != expected) {
            throw facts.wrong(offset, field, found, "0x" + Long.toHexString(expected));
        }
    }

    /** More than 65534 headers are counted in the first section header. */
    private int segmentCount(ByteFacts header) throws IOException {
        long count = header.u16(56, "e_phnum");
        if (count == PN_XNUM) {
            long sections = header.u64(40, "e_shoff");
            if (sections <= 0 || sections > content.bytes() - SECTION_HEADER_BYTES) {
                throw header.wrong(40, "e_shoff", sections,
                        "a section header within the file, as e_phnum is PN_XNUM");
            }
            count = content.facts(sections, SECTION_HEADER_BYTES).u32(SH_INFO, "sh_info");
        }
        if (count > MAX_SEGMENTS) {
            throw header.wrong(56, "e_phnum", count, "at most " + MAX_SEGMENTS);
        }
        return (int) count;
    }

    private void addLoad(ByteFacts table, int at, List<Segment> loads) throws FormatException {
        long offset = table.u64(at + 8, "p_offset");
        long address = table.u64(at + 24, "p_paddr");
        long fileBytes = table.u64(at + 32, "p_filesz");
        long memoryBytes = table.u64(at + 40, "p_memsz");
        if (memoryBytes == 0 && fileBytes == 0) {
            return;
        }
        if (address == NO_ADDRESS) {
            virtualBytes += Math.max(0, Math.min(fileBytes, content.bytes()));
            return;
        }
        if (address < 0 || address >= PHYSICAL_ADDRESS_END) {
            throw table.wrong(at + 24, "p_paddr", address, "a physical address of 52 bits");
        }
        if (memoryBytes < 0 || memoryBytes > PHYSICAL_ADDRESS_END - address) {
            throw table.wrong(at + 40, "p_memsz", memoryBytes, "an end within 52 bits");
        }
        if (fileBytes < 0 || fileBytes > memoryBytes) {
            throw table.wrong(at + 32, "p_filesz", fileBytes,
                    "at most p_memsz, 0x" + Long.toHexString(memoryBytes));
        }
        memory.add(AddressRange.of(address, memoryBytes));
        if (offset < 0 || fileBytes > 0 && offset > content.bytes() - fileBytes) {
            FormatException cut = table.wrong(at + 8, "p_offset", offset, "0x"
                    + Long.toHexString(fileBytes) + " bytes within the file's 0x"
                    + Long.toHexString(content.bytes()));
            if (offset < 0) {
                throw cut;
            }
            breaksOff = breaksOff == null ? cut : breaksOff;
            long held = Math.max(0, content.bytes() - offset) & -PAGE_BYTES;
            beyondBytes += fileBytes - held;
            lost.add(AddressRange.of(address + held, fileBytes - held));
            memoryBytes -= fileBytes - held;
            fileBytes = held;
        }
        missingBytes += memoryBytes - fileBytes;
        if (fileBytes > 0) {
            loads.add(new Segment(AddressRange.of(address, fileBytes), offset));
        }
    }

    /** Returns the notes that lie within the file, one after another. */
    private byte[] notes(ByteFacts table) throws IOException {
        var notes = new ByteArrayOutputStream();
        for (int at = 0; at < table.size(); at += PROGRAM_HEADER_BYTES) {
            long offset = table.u64(at + 8, "p_offset");
            long bytes = table.u64(at + 32, "p_filesz");
            if (table.u32(at, "p_type") == PT_NOTE && offset >= 0 && bytes > 0
                    && bytes <= MAX_NOTE_BYTES - notes.size()
                    && offset <= content.bytes() - bytes) {
                byte[] some = new byte[(int) bytes];
                content.read(offset, some, 0, some.length);
                notes.writeBytes(some);
            }
        }
        return notes.toByteArray();
    }
}
