// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import kdump.lab.qtest.Protocol;
import kdump.lab.qtest.differ.OurMachine;
import kdump.lab.qtest.differ.QemuProcess;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One program for QEMU's gigabit controllers and ours: what registers hold, the PHY, the address,
 * frames that loop back through both kinds of descriptors, interrupt causes, descriptors where no
 * memory is, and resets. All answers are alike.
 */
class E1000eDifferenceTest {

    private static final long BAR = 0xfe00_0000L;
    private static final long RX_RING = 0x10_0000;
    private static final long TX_RING = 0x10_1000;
    private static final long BUFFERS = 0x11_0000;
    private static final long DATA = 0x20_0000;
    private static final int PLACES = 8;
    private static final int EVENTS = 40;

    private static final int CTRL = 0x0000;
    private static final int STATUS = 0x0008;
    private static final int EERD = 0x0014;
    private static final int MDIC = 0x0020;
    private static final int ICR = 0x00c0;
    private static final int ICS = 0x00c8;
    private static final int IMS = 0x00d0;
    private static final int IMC = 0x00d8;
    private static final int RCTL = 0x0100;
    private static final int TCTL = 0x0400;
    private static final int RDBAL = 0x2800;
    private static final int RDLEN = 0x2808;
    private static final int RDH = 0x2810;
    private static final int RDT = 0x2818;
    private static final int TDBAL = 0x3800;
    private static final int TDLEN = 0x3808;
    private static final int TDH = 0x3810;
    private static final int TDT = 0x3818;
    private static final int RFCTL = 0x5008;

    private static final long EOP_RS = 0x0900_0000L;
    private static final long EXTENDED_DATA = 0x2010_0000L;

    /** QEMU's e1000 takes no frame before its clock has gone on. */
    private static final String PAUSE = "pause";
    private static final int PAUSE_MILLIS = 300;

    private final List<String> lines = new ArrayList<>();
    private boolean express;

    private void write(int register, long value) {
        lines.add(String.format("writel 0x%x 0x%x", BAR + register, value));
    }

    private void read(int... registers) {
        for (int register : registers) {
            lines.add(String.format("readl 0x%x", BAR + register));
        }
    }

    private void config(int offset, long value) {
        lines.add(String.format("outl 0xcf8 0x%x", 0x8000_2000L | offset));
        lines.add(String.format("outl 0xcfc 0x%x", value));
    }

    private void memory(long address, long value) {
        lines.add(String.format("writeq 0x%x 0x%x", address, value));
    }

    private void look(long address, int bytes) {
        lines.add(String.format("read 0x%x 0x%x", address, bytes));
    }

    /** An event falls due with each answer: as many as a frame has, and more. */
    private void settle() {
        for (int i = 0; i < EVENTS; i++) {
            read(STATUS);
        }
    }

    private void registers() {
        read(CTRL, STATUS, RCTL, TCTL, RDBAL, RDLEN, RDH, RDT, TDBAL, TDLEN, TDH, TDT, IMS);
        read(0x1000, 0x2804, 0x5400, 0x5404, 0x5408, 0x540c, 0x5200, 0x5600, 0x4074);
        if (express) {
            read(0x10, 0x2828, 0x3840, 0x5000, RFCTL, 0x5b50, 0xe4, 0xf00);
        }
    }

    private void phy(int... registers) {
        for (int register : registers) {
            write(MDIC, 2L << 26 | 1 << 21 | register << 16);
            read(MDIC);
        }
        write(MDIC, 1L << 26 | 1 << 21 | 4 << 16 | 0x01e1);
        phyWord(4);
    }

    private void phyWord(int register) {
        write(MDIC, 2L << 26 | 1 << 21 | register << 16);
        read(MDIC);
    }

    private void address() {
        for (int word = 0; word < 3; word++) {
            write(EERD, (long) word << (express ? 2 : 8) | 1);
            read(EERD);
        }
    }

    private void causes() {
        write(IMC, 0xffff_ffffL);
        read(ICR);
        write(ICS, 0x4);
        write(IMS, 0x4);
        read(ICR, ICR, IMS);
        write(ICS, 0x84);
        write(ICR, 0x80);
        read(ICR, ICR);
        write(IMC, 0x4);
        read(IMS);
    }

    private void rings(boolean extended) {
        lines.add(String.format("memset 0x%x 0x2000 0", RX_RING));
        lines.add(String.format("memset 0x%x 0x%x 0", BUFFERS, PLACES * 0x800));
        for (int i = 0; i < PLACES; i++) {
            memory(RX_RING + 16L * i, BUFFERS + 0x800L * i);
        }
        write(RDBAL, RX_RING);
        write(RDLEN, 16 * PLACES);
        write(RDH, 0);
        if (express) {
            write(RFCTL, extended ? 0x8000 : 0);
        }
        write(RDT, PLACES - 1);
        // enabled, promiscuous, broadcasts, check sequence stripped
        write(RCTL, 0x0400_801aL | (express ? 0x40 : 0));
        write(RDT, PLACES - 1);
        if (!express) {
            write(MDIC, 1L << 26 | 1 << 21 | 0x4140);
        }
        write(TDBAL, TX_RING);
        write(TDLEN, 16 * PLACES);
        write(TDH, 0);
        write(TDT, 0);
        write(TCTL, 0x2);
        settle();
        lines.add(PAUSE);
    }

    private void frames(boolean extended) {
        lines.add(String.format("memset 0x%x 0x800 0x5a", DATA));
        memory(DATA, 0x0002_ffff_ffff_ffffL);
        memory(DATA + 8, 0x0000_b588_0200_0000L);
        write(IMS, 0x83);
        int[] lengths = {60, 200, 342, 1514};
        for (int i = 0; i < lengths.length; i++) {
            memory(DATA + 14, 0x1111_1111_1111_1111L * i);
            memory(TX_RING + 16L * i, DATA);
            memory(TX_RING + 16L * i + 8,
                    EOP_RS | lengths[i] | (extended ? EXTENDED_DATA : 0));
            write(TDT, i + 1);
            settle();
            read(TDH, RDH);
            look(TX_RING + 16L * i, 16);
            look(RX_RING + 16L * i, 16);
            look(BUFFERS + 0x800L * i, lengths[i]);
        }
        read(ICR, ICR, 0x4074, 0x4080, 0x4088);
    }

    private void piecesAndNoMemory() {
        memory(TX_RING + 16L * 4, DATA);
        memory(TX_RING + 16L * 4 + 8, 14);
        memory(TX_RING + 16L * 5, DATA + 0x100);
        memory(TX_RING + 16L * 5 + 8, EOP_RS | 100);
        write(TDT, 6);
        settle();
        read(TDH, RDH);
        look(RX_RING + 16L * 4, 16);
        look(BUFFERS + 0x800L * 4, 114);
        write(TDBAL, 0xe000_0000L);
        write(TDT, 0);
        settle();
        read(TDH, RDH);
    }

    private void program() {
        config(0x10, BAR);
        config(0x04, 7);
        registers();
        phy(0, 1, 2, 3, 4, 5, 9, 10, 16, 17);
        address();
        causes();
        rings(false);
        frames(false);
        piecesAndNoMemory();
        if (express) {
            // of a reset QEMU does no more than to load the address again
            read(0x4074, 0x4080, 0x408c);
            write(0x5400, 0);
            write(RCTL, 0);
            write(TCTL, 0);
            write(IMC, 0xffff_ffffL);
            write(CTRL, 0x0414_0241L);
            settle();
            read(CTRL, STATUS, RCTL, TCTL, IMS, 0x5400, 0x5404);
            rings(true);
            frames(true);
        }
    }

    private List<String> theirs(String... options) throws InterruptedException {
        var answers = new ArrayList<String>();
        try (var qemu = new QemuProcess(List.of(options))) {
            int from = 0;
            for (int i = 0; i <= lines.size(); i++) {
                if (i == lines.size() || lines.get(i).equals(PAUSE)) {
                    answers.addAll(qemu.answers(lines.subList(from, i)));
                    from = i + 1;
                    Thread.sleep(PAUSE_MILLIS);
                }
            }
        }
        return answers;
    }

    @ParameterizedTest
    @ValueSource(strings = {"e1000e", "e1000"})
    void answersAreThoseOfQemu(String kind) throws InterruptedException {
        assumeTrue(QemuProcess.isPresent(), "no qemu-system-x86_64");
        express = kind.equals("e1000e");
        program();
        String[] options = {"-machine", "q35", "-m", "64", "-netdev", "hubport,id=n0,hubid=0",
            "-device", kind + ",netdev=n0,addr=4,romfile=,mac=52:54:00:ab:cd:ef"};
        List<String> theirs = theirs(options);
        lines.removeIf(PAUSE::equals);
        Protocol ours = OurMachine.of(options);
        var differences = new ArrayList<String>();
        for (int i = 0; i < lines.size(); i++) {
            String answer = ours.answer(lines.get(i));
            if (!answer.equals(theirs.get(i))) {
                differences.add(i + ": " + lines.get(i) + "\n  QEMU: " + theirs.get(i)
                        + "\n  ours: " + answer);
            }
        }
        assertThat(differences).as(kind).isEmpty();
    }
}
