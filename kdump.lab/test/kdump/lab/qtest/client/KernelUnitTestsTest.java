// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import kdump.lab.qtest.differ.Oracle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The eleven things that the intel-iommu test of kvm-unit-tests looks at, in our own words: six of
 * the unit's initialisation, two capabilities, a word that edu copies through a page table, its pin
 * by way of the I/O APIC and its message by way of the unit's interrupt table. There is no
 * processor to be interrupted; that the right vector comes out of the unit is read from the log.
 */
@Timeout(120)
class KernelUnitTestsTest {

    private static final long UNIT = 0xfed9_0000L;
    private static final long APIC = 0xfec0_0000L;
    private static final long EDU = 0xe000_0000L;
    private static final int PLACE = 4 << 3;
    /** Device 4, pin A: PIRQ E. */
    private static final int INPUT = 20;
    private static final long ROOT = 0x10_0000;
    private static final long CONTEXTS = 0x10_1000;
    private static final long[] TABLES = {0, 0x10_2000, 0x10_3000, 0x10_4000};
    private static final long PAGE = 0x10_5000;
    private static final long INTERRUPTS = 0x20_0000;
    private static final int WORD = 0x1234_5678;
    private static final int PIN_VECTOR = 0xed;
    private static final int MESSAGE_VECTOR = 0xee;

    @TempDir
    private Path directory;
    private final List<String> passed = new ArrayList<>();
    private Client client;
    private boolean stepped;

    static Stream<Maker> makers() {
        return Maker.all();
    }

    private void quad(long at, long value) throws IOException {
        client.ask(String.format("writeq 0x%x 0x%x", at, value));
    }

    private void word(long at, long value) throws IOException {
        client.ask(String.format("writel 0x%x 0x%x", at, value));
    }

    private long word(long at) throws IOException {
        return client.number(String.format("readl 0x%x", at));
    }

    private void config(int register, long value) throws IOException {
        client.ask("outl 0xcf8 " + (0x8000_0000L | PLACE << 8 | register));
        client.ask("outl 0xcfc " + value);
    }

    private void report(String what, boolean holds) {
        assertThat(holds).as(what).isTrue();
        passed.add(what);
    }

    /** One bit of Global Command at a time, the others as the status has them. */
    private void command(int bit) throws IOException {
        word(UNIT + 0x18, word(UNIT + 0x1c) & 0x96ff_ffffL | 1L << bit);
    }

    private boolean status(int bit) throws IOException {
        return (word(UNIT + 0x1c) >>> bit & 1) != 0;
    }

    private void initialise() throws IOException {
        command(26);
        quad(UNIT + 0x20, ROOT);
        command(30);
        quad(UNIT + 0xb8, INTERRUPTS | 0xf);
        command(24);
        command(31);
        command(25);
        report("fault status check", word(UNIT + 0x34) == 0);
        report("QI enablement", status(26));
        report("DMAR table setup", status(30));
        report("IR table setup", status(24));
        report("DMAR enablement", status(31));
        report("IR enablement", status(25));
        long cap = client.number(String.format("readq 0x%x", UNIT + 8));
        report("DMAR support 39 bits address width", (cap >>> 8 & 0x1f & 2) != 0);
        report("DMAR support huge pages", (cap >>> 34 & 0xf) != 0);
    }

    private void transfer(long from, long to, int command) throws IOException {
        quad(EDU + 0x80, from);
        quad(EDU + 0x88, to);
        quad(EDU + 0x90, 4);
        quad(EDU + 0x98, command);
        while ((client.number(String.format("readq 0x%x", EDU + 0x98)) & 1) != 0) {
            if (stepped) {
                client.ask("clock_step");
            }
        }
    }

    private void copy() throws IOException {
        quad(ROOT, CONTEXTS | 1);
        quad(CONTEXTS + 16 * PLACE + 8, (long) PLACE << 8 | 1);
        quad(CONTEXTS + 16 * PLACE, TABLES[3] | 3);
        quad(TABLES[3], TABLES[2] | 3);
        quad(TABLES[2], TABLES[1] | 3);
        quad(TABLES[1], PAGE | 3);
        word(PAGE, WORD);
        transfer(0, 0x4_0000, 1);
        transfer(0x4_0000, 4, 3);
        report("DMAR 4B memcpy test", word(PAGE + 4) == WORD);
    }

    /** An entry for this device alone, with the recording of faults off. */
    private void interruptEntry(int index, int vector) throws IOException {
        quad(INTERRUPTS + 16L * index + 8, 1 << 18 | PLACE);
        quad(INTERRUPTS + 16L * index, (long) vector << 16 | 3);
    }

    /** Returns the data of the messages that the unit has let out. */
    private List<String> messages(Path log) throws IOException {
        client.ask("endianness");
        return Files.readAllLines(log).stream().filter(l -> l.contains("vtd_ir_remap_msi ("))
                .map(l -> l.replaceFirst(".*-> \\(addr (0x[0-9a-f]+), data (0x[0-9a-f]+)\\).*",
                        "$1 $2")).toList();
    }

    private void interrupts(Path log) throws IOException {
        interruptEntry(1, PIN_VECTOR);
        long entry = 1L << 49 | 1L << 48 | PIN_VECTOR;
        word(APIC, 0x11 + 2 * INPUT);
        word(APIC + 0x10, entry >>> 32);
        word(APIC, 0x10 + 2 * INPUT);
        word(APIC + 0x10, entry);
        client.ask("irq_intercept_in ioapic");
        int before = messages(log).size();
        word(EDU + 0x60, 1);
        assertThat(client.interrupts()).contains("IRQ raise " + INPUT);
        word(EDU + 0x64, word(EDU + 0x24));
        assertThat(client.interrupts()).contains("IRQ lower " + INPUT);
        List<String> told = messages(log);
        report("IR IOAPIC", told.subList(before, told.size())
                .equals(List.of("0xfee00000 0x40ed")));

        interruptEntry(2, MESSAGE_VECTOR);
        config(0x44, 0xfee0_0050L);
        config(0x48, 0);
        config(0x4c, 0);
        config(0x40, 0x81_0005L);
        word(EDU + 0x60, 1);
        told = messages(log);
        report("IR MSI", told.get(told.size() - 1).equals("0xfee00000 0x40ee"));
        assertThat(client.interrupts()).doesNotContain("IRQ raise " + INPUT);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("makers")
    void elevenOfEleven(Maker maker) throws Exception {
        Path log = Files.createFile(directory.resolve("log"));
        stepped = maker.oracle() == Oracle.QEMU_11;
        try (Client machine = maker.startRunning(directory.resolve("firmware"), "-machine", "q35",
                "-m", "64", "-device", "intel-iommu,intremap=on", "-device", "edu,addr=4",
                "-trace", "vtd_ir_remap_msi", "-D", log.toString())) {
            client = machine;
            config(0x10, EDU);
            config(4, 6);
            initialise();
            copy();
            interrupts(log);
        }
        assertThat(passed).hasSize(11);
    }
}
