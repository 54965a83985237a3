// SPDX-License-Identifier: Apache-2.0
package kdump.importers.fuzz;

import iommu.api.machine.FormatException;
import iommu.api.memory.AddressRange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import kdump.importers.LabFiles;
import kdump.importers.acpi.DmarBytes;
import kdump.importers.acpi.DmarTable;
import kdump.importers.acpi.IvrsBytes;
import kdump.importers.acpi.IvrsTable;
import kdump.importers.acpi.TableLint;
import kdump.importers.bytes.Content;
import kdump.importers.bytes.FileKind;
import kdump.importers.bytes.TextFile;
import kdump.importers.dump.Dump;
import kdump.importers.elf.ElfBytes;
import kdump.importers.elf.ElfCore;
import kdump.importers.functions.FunctionTable;
import kdump.importers.functions.InterruptsText;
import kdump.importers.functions.MonitorFunctions;
import kdump.importers.kdump.KdumpBytes;
import kdump.importers.kdump.KdumpFile;
import kdump.importers.kernellog.KernelLog;
import kdump.importers.kernellog.LoggedFunctions;
import kdump.importers.kernellog.LoggedMemory;
import kdump.importers.kernellog.LoggedUnits;
import kdump.importers.lspci.LspciDump;
import kdump.importers.lspci.LspciProse;
import kdump.importers.proc.CommandLine;
import kdump.importers.proc.Iomem;
import kdump.importers.proc.UnitLog;
import kdump.importers.registers.RegisterWords;
import kdump.importers.search.RootSearch;

/** The parsers, each with small good files to start from. */
enum Parser {
    /** ELF cores; every page is read, and searched for root tables. */
    ELF {
        @Override
        void parse(byte[] file) throws IOException {
            readAll(ElfCore.read(KdumpBytes.content(file)));
        }

        @Override
        List<byte[]> seeds() {
            return List.of(new ElfBytes(3, 8500).load(300, 0x1000, 4096, 4096)
                    .load(4400, 0x8000, 4096, 8192).header(4, 232, 0, 60, 0).array(),
                    new ElfBytes(2, 600).load(176, 0x10, 100, 200).load(200, 0x40, 300, 300)
                            .array());
        }
    },
    /** kdump-compressed files of all packings. */
    KDUMP {
        @Override
        void parse(byte[] file) throws IOException {
            readAll(KdumpFile.read(KdumpBytes.content(file)));
        }

        @Override
        List<byte[]> seeds() {
            List<byte[]> files = new ArrayList<>();
            for (int packing : new int[] {0, 1, 2, 4, 0x20}) {
                files.add(new KdumpBytes(64).page(3, KdumpBytes.content(3), packing)
                        .page(9, KdumpBytes.content(9), packing)
                        .info("OSRELEASE=6.1.0-56-amd64\nPAGESIZE=4096\n").file());
            }
            return files;
        }
    },
    /** The flattened form of both, whole and broken off. */
    FLATTENED {
        @Override
        void parse(byte[] file) throws IOException {
            Content real = KdumpFile.inOrder(KdumpBytes.content(file));
            readAll(FileKind.of(real) == FileKind.ELF ? ElfCore.read(real)
                    : KdumpFile.read(real));
        }

        @Override
        List<byte[]> seeds() throws IOException {
            List<byte[]> files = new ArrayList<>();
            for (byte[] file : KDUMP.seeds()) {
                files.add(KdumpBytes.flattened(file, 0, 4096, 4096, 9000, 8000, file.length));
            }
            files.add(Arrays.copyOf(files.get(0), files.get(0).length - 3000));
            byte[] core = ELF.seeds().get(0);
            files.add(KdumpBytes.flattened(core, 300, core.length, 0, 400));
            return files;
        }
    },
    /** Gzipped files. */
    GZIP {
        @Override
        void parse(byte[] file) throws IOException {
            Path packed = Files.createTempFile("fuzz", ".gz");
            try {
                Files.write(packed, file);
                Content content = Content.open(packed);
                content.read(0, new byte[(int) content.bytes()], 0, (int) content.bytes());
            } finally {
                Files.delete(packed);
            }
        }

        @Override
        List<byte[]> seeds() throws IOException {
            var packed = new ByteArrayOutputStream();
            try (var out = new GZIPOutputStream(packed)) {
                out.write(KdumpBytes.content(1));
            }
            return List.of(packed.toByteArray());
        }
    },
    /** Registers as JSON. */
    REGISTERS {
        @Override
        void parse(byte[] file) throws IOException {
            RegisterWords.read("registers", file);
        }

        @Override
        List<byte[]> seeds() throws IOException {
            return List.of(Files.readAllBytes(LabFiles.capture("vtd1/iommu-regs.json")),
                    text("{\"base\":\"0xfed90000\",\"dwords\":{\"0x0\":\"0x10\",\"0x1c\":"
                            + "\"0x1\"}}"));
        }
    },
    /** DMAR tables, also parsed leniently, checked and written again. */
    DMAR {
        @Override
        void parse(byte[] file) throws IOException {
            FormatException refused = null;
            try {
                DmarTable.read("DMAR", file);
            } catch (FormatException e) {
                refused = e;
            }
            TableLint.dmar("DMAR", file, List.of());
            sameBytes(file, DmarTable.parse("DMAR", file).encode());
            if (refused != null) {
                throw refused;
            }
        }

        @Override
        List<byte[]> seeds() throws IOException {
            return List.of(Files.readAllBytes(LabFiles.capture("vtd1/guest/acpi/DMAR.aml")),
                    new DmarBytes().drhd(0, 0, 0xfed9_0000L, DmarBytes.scope(1, 0, 0, 2, 0))
                            .drhd(1, 0, 0xfed9_1000L, DmarBytes.scope(3, 8, 0, 0x1e, 7))
                            .rmrr(0, 0x9000_0000L, 0x9fff_ffffL, DmarBytes.scope(1, 0, 0, 2, 0))
                            .structure(2, new byte[4]).structure(3, new byte[16]).table());
        }
    },
    /** IVRS tables, likewise. */
    IVRS {
        @Override
        void parse(byte[] file) throws IOException {
            TableLint.ivrs("IVRS", file);
            sameBytes(file, IvrsTable.parse("IVRS", file).encode());
        }

        @Override
        List<byte[]> seeds() throws IOException {
            return List.of(Files.readAllBytes(LabFiles.capture("amd1/guest/acpi/IVRS.aml")),
                    new IvrsBytes().ivhd(0x10, 0xfeb8_0000L, 3, 8, 0, 0, 4, 0xff, 0xff, 0)
                            .ivhd(0x11, 0xfeb8_0000L, 0x48, 0, 0, 0, 0, 0xa0, 0, 2)
                            .ivmd(0x21, 1, 8, 0, 0x8000_0000L, 0x1000).table());
        }
    },
    /** What {@code lspci -vvv -xxxx} prints. */
    LSPCI {
        @Override
        void parse(byte[] file) throws IOException {
            LspciDump.read(TextFile.of("lspci", file));
        }

        @Override
        List<byte[]> seeds() {
            String zeros = " 00".repeat(16) + "\n";
            String rest = "10:" + zeros + "20:" + zeros + "30:" + zeros + "\n";
            return List.of(text("00:1f.2 SATA controller: Some AHCI (rev 02)\n"
                    + "\tKernel driver in use: ahci\n"
                    + "00: 86 80 22 29 07 05 10 00 02 01 06 01 00 00 00 00\n" + rest
                    + "0001:06:01.0 0200: 8086:100e\n"
                    + "00: 86 80 0e 10 07 05 10 00 02 00 00 02 00 00 00 00\n" + rest));
        }
    },
    /** /proc/iomem, and what the machine makes of it. */
    IOMEM {
        @Override
        void parse(byte[] file) throws IOException {
            Iomem.read(TextFile.of("iomem", file)).map();
        }

        @Override
        List<byte[]> seeds() throws IOException {
            return List.of(Files.readAllBytes(LabFiles.capture("vtd1/guest/iomem")),
                    text("00001000-0009fbff : System RAM\n000f0000-000fffff : System ROM\n"
                            + "00100000-0bfcbfff : System RAM\n  05000000-06ffffff : Crash kernel"
                            + "\nfec00000-fec003ff : IOAPIC 0\n"));
        }
    },
    /** Kernel command lines and logs. */
    KERNEL_TEXT {
        @Override
        void parse(byte[] file) throws IOException {
            UnitLog.read(TextFile.of("dmesg", file));
            CommandLine.read(TextFile.of("cmdline", file));
        }

        @Override
        List<byte[]> seeds() {
            return List.of(text("root=/dev/sda quiet intel_iommu=on iommu.strict=1"),
                    text("[    0.1] DMAR: dmar0: reg_base_addr fed90000 ver 1:0 cap "
                            + "d2008c222f0606 ecap f00f4a\n"));
        }
    },
    /** Texts that tell of functions, and kernel logs. */
    FUNCTION_TEXT {
        @Override
        void parse(byte[] file) throws IOException {
            TextFile text = TextFile.of("text", file);
            FunctionTable table = new FunctionTable();
            KernelLog log = KernelLog.of(text);
            LspciProse.read(text, table);
            LoggedFunctions.read(log, table);
            LoggedUnits.read(log);
            MonitorFunctions.read(text, table);
            InterruptsText.read(text, table);
            table.configs(new ArrayList<>());
            LoggedMemory.read(log);
        }

        @Override
        List<byte[]> seeds() {
            return List.of(text("BIOS-e820: [mem 0x0000000000100000-0x000000000fffffff] usable\n"
                    + "DMAR: DRHD base: 0x000000fbffd000 flags: 0x1\n"
                    + "pci 0000:00:02.0: [1b36:000c] type 01 class 0x060400 PCIe Root Port\n"
                    + "pci 0000:00:02.0: PCI bridge to [bus 01-02]\n"
                    + "pci 0000:00:02.0: BAR 0 [mem 0xfda40000-0xfda5ffff 64bit pref]\n"),
                    text("02:00.0 RAID bus controller [0104]: Device [103c:323b] (rev 01)\n"
                    + "\tRegion 0: Memory at f7f00000 (64-bit, non-prefetchable) [size=1M]\n"
                    + "\tCapabilities: [70] Express (v2) Endpoint, MSI 00\n"));
        }
    },
    /** All of them: the first byte of the input says which. */
    ALL {
        @Override
        void parse(byte[] file) throws IOException {
            if (file.length > 0) {
                values()[(file[0] & 0xff) % ordinal()].parse(
                        Arrays.copyOfRange(file, 1, file.length));
            }
        }

        @Override
        List<byte[]> seeds() throws IOException {
            List<byte[]> files = new ArrayList<>();
            for (int parser = 0; parser < ordinal(); parser++) {
                for (byte[] file : values()[parser].seeds()) {
                    byte[] numbered = new byte[file.length + 1];
                    numbered[0] = (byte) parser;
                    System.arraycopy(file, 0, numbered, 1, file.length);
                    files.add(numbered);
                }
            }
            return files;
        }
    },
    /** No parser: has a mistake, so that the harness can be seen to find one. */
    PLANTED {
        @Override
        void parse(byte[] file) {
            if (file.length > 3 && file[0] == 'd' && file[1] == 'm' && file[2] == 'a') {
                throw new ArrayIndexOutOfBoundsException("planted");
            }
        }

        @Override
        List<byte[]> seeds() {
            return List.of(text("none"));
        }
    };

    private static final int PAGE = 4096;
    /** Pages read of a dump that claims many: each page of a damaged file costs the same. */
    private static final int MAX_PAGES = 64;

    /**
     * Parses a file.
     *
     * @throws FormatException if it is refused
     */
    abstract void parse(byte[] file) throws IOException;

    /** Returns good files. */
    abstract List<byte[]> seeds() throws IOException;

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void sameBytes(byte[] file, byte[] again) {
        if (!Arrays.equals(file, again)) {
            throw new IllegalStateException("parsed and written again it is another table");
        }
    }

    private static void readAll(Dump dump) throws IOException {
        FormatException first = null;
        int pages = 0;
        byte[] page = new byte[PAGE];
        for (AddressRange range : dump.image().ranges()) {
            for (long at = range.start(); at < range.end() && pages++ < MAX_PAGES; at += PAGE) {
                try {
                    dump.image().read(at, page, 0, (int) Math.min(PAGE, range.end() - at));
                } catch (FormatException e) {
                    first = first == null ? e : first;
                }
            }
        }
        if (pages < MAX_PAGES) {
            RootSearch.in(dump.image(), dump.image().ranges(), List.of());
        }
        if (first != null) {
            throw first;
        }
    }
}
