// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import iommu.api.sim.RandomStream;
import java.util.ArrayList;
import java.util.List;
import kdump.lab.qtest.Protocol;
import kdump.lab.qtest.differ.OurMachine;
import kdump.lab.qtest.differ.QemuProcess;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random accesses to config space, through ports and through the window, and to what bridges lead
 * to, on QEMU and on our machine: all answers are alike. The seed is that of LAB_SEED.
 */
class PciDifferenceTest {

    private static final long SEED = Long.parseLong(
            System.getenv().getOrDefault("LAB_SEED", "1"));
    private static final int STEPS = 1500;
    private static final long WINDOW = 0xb000_0000L;
    private static final long WINDOW_OPEN = 1;
    private static final long EDU_BARS = 0xe000_0000L;
    private static final int[] BUSES = {0, 1, 2, 3, 4, 5, 0x80, 0xff};
    private static final int[] PLACES = {0, 1, 8, 0x18, 0x19, 0x20, 0x28, 0xf8, 0xfb, 0xff};
    private static final int[] HEADER = {0x00, 0x04, 0x0c, 0x10, 0x18, 0x1c, 0x20, 0x24, 0x28,
        0x2c, 0x34, 0x3c};

    private final RandomStream random = new RandomStream(SEED, "pci");
    private final List<String> lines = new ArrayList<>();

    private static List<String> options(String devices) {
        var options = new ArrayList<>(List.of("-machine", "q35", "-m", "64"));
        for (String device : devices.split("\\|")) {
            options.addAll(List.of("-device", device));
        }
        return options;
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "edu,addr=4|pcie-root-port,id=a,addr=3.0,multifunction=on,port=3,slot=5|edu,bus=a"
                + "|pcie-root-port,id=b,addr=3.1,chassis=7|edu,bus=b,multifunction=on"
                + "|edu,bus=b,addr=0.1"
                + "|edu,bus=b,addr=3",
        "pcie-root-port,id=a,addr=3,chassis=1,multifunction=on|edu,bus=a,addr=3"
                + "|ioh3420,id=b,addr=3.1|edu,bus=b,addr=1"
                + "|edu",
        "ioh3420,id=a,addr=3|x3130-upstream,id=u,bus=a,port=9"
                + "|xio3130-downstream,id=d,bus=u,chassis=1|xio3130-downstream,id=e,bus=u,chassis=2"
                + "|edu,bus=d|edu,bus=e",
        "pcie-pci-bridge,id=a,addr=3,multifunction=on|edu,bus=a"
                + "|pci-bridge,id=b,addr=3.1,chassis_nr=1|edu,bus=b"
                + "|pci-bridge,id=c,bus=b,chassis_nr=2|edu,bus=c,addr=4",
        "i82801b11-bridge,id=a,addr=1e.0|edu,bus=a,addr=2|pci-bridge,id=b,bus=a,chassis_nr=1"
                + "|edu,bus=b",
        "amd-iommu|edu|pcie-root-port,id=r|edu,bus=r", "intel-iommu|edu,addr=1f.7"})
    void answersAreThoseOfQemu(String devices) {
        assumeTrue(QemuProcess.isPresent(), "no qemu-system-x86_64");
        List<String> options = options(devices);
        int edus = devices.split("edu", -1).length - 1;
        window(WINDOW | WINDOW_OPEN);
        for (int i = 0; i < STEPS; i++) {
            step(edus);
        }
        List<String> theirs;
        try (var qemu = new QemuProcess(options)) {
            theirs = qemu.answers(lines);
        }
        Protocol ours = OurMachine.of(options.toArray(String[]::new));
        for (int i = 0; i < lines.size(); i++) {
            assertThat(ours.answer(lines.get(i))).as("LAB_SEED=%d, %s, %s", SEED, devices,
                    lines.subList(Math.max(0, i - 12), i + 1)).isEqualTo(theirs.get(i));
        }
    }

    private void window(long value) {
        ports(0, 0x60, value, 4);
    }

    private int pick(int... from) {
        return from[random.nextInt(from.length)];
    }

    private int function() {
        return pick(BUSES) << 8 | pick(PLACES);
    }

    private void step(int edus) {
        switch (random.nextInt(12)) {
            case 0, 1 -> busNumbers();
            case 2 -> header(function());
            case 3 -> command(function());
            case 4 -> bar(edus);
            case 5 -> bridgeWindow();
            case 6 -> look();
            case 7 -> anywhere();
            case 8 -> lines.add("readl 0xcf8".replace("readl", pick(0, 1) == 0 ? "inl" : "inw"));
            case 9 -> moveWindow();
            default -> identities(edus);
        }
    }

    /** Bus numbers that mostly nest. */
    private void busNumbers() {
        int first = pick(BUSES);
        int last = random.oneIn(4) ? pick(BUSES) : 0xff;
        ports(pick(BUSES) << 8 | pick(0, 0x18, 0x19, 0x20, 8), 0x18, last << 16 | first << 8, 4);
    }

    private void header(int id) {
        int bytes = pick(1, 2, 4);
        int offset = pick(HEADER) + bytes * random.nextInt(4 / bytes);
        boolean written = offset >> 2 != 0x3c >> 2 && offset >> 2 != 0x10 >> 2;
        if (random.nextInt(2) == 0 && written) {
            ports(id, offset, random.nextInt(1 << 16) | random.nextInt(1 << 16) << 16, bytes);
        }
        portsRead(id, offset, bytes);
    }

    private void command(int id) {
        ports(id, 4, random.nextInt(8), 2);
    }

    /** Devices never lie over each other; bridges, whose BARs nothing is behind, get none. */
    private void bar(int edus) {
        long bar = EDU_BARS + 0x100_0000L * random.nextInt(edus) + 0x10_0000L * random.nextInt(2);
        int id = pick(BUSES) << 8 | pick(0, 0x18, 0x19, 0x20);
        if (id == 0x18 || id == 0x19) {
            return;
        }
        ports(id, 0x10, switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> 0xfff0_0000L;
            default -> bar;
        }, 4);
        ports(id, 4, 2, 2);
    }

    private void bridgeWindow() {
        int id = pick(BUSES) << 8 | pick(0, 8, 0x18, 0x19, 0x20);
        int from = 0xe000 + 0x10 * random.nextInt(0x40);
        int to = 0xe000 + 0x10 * random.nextInt(0x80);
        ports(id, random.nextInt(2) == 0 ? 0x20 : 0x24, (long) to << 16 | from, 4);
        ports(id, 0x28, random.oneIn(6) ? 1 : 0, 4);
        ports(id, 0x2c, random.oneIn(6) ? 1 : 0, 4);
        command(id);
    }

    /** A whole function, through the window. */
    private void look() {
        long at = WINDOW + ((long) function() << 12);
        lines.add(String.format("read 0x%x 0x40", at));
        if (random.oneIn(4)) {
            lines.add(String.format("read 0x%x 0x68", at));
            lines.add(String.format("read 0x%x 0x100", at + 0x100));
        }
    }

    /** Any width anywhere in config space that is nobody's header. */
    private void anywhere() {
        long at = WINDOW + ((long) function() << 12) + 0xb0 + random.nextInt(0x150);
        String width = String.valueOf("bwlq".charAt(random.nextInt(4)));
        lines.add("read" + width + String.format(" 0x%x", at));
    }

    private void moveWindow() {
        if (random.oneIn(4)) {
            window(pick(0, 1) == 0 ? 0xc000_0000L | 2 * random.nextInt(4)
                    : 0xc400_0000L | random.nextInt(8));
            lines.add("readl 0xc0000000");
            lines.add("readl 0xc4000000");
            lines.add("readl 0xc8000000");
            window(WINDOW | WINDOW_OPEN);
        }
        lines.add("readl 0xb0000000");
        lines.add("readl 0xbffff000");
    }

    private void identities(int edus) {
        for (int edu = 0; edu < edus; edu++) {
            for (int bar = 0; bar < 2; bar++) {
                lines.add(String.format("readl 0x%x",
                        EDU_BARS + 0x100_0000L * edu + 0x10_0000L * bar));
            }
        }
    }

    private void ports(int id, int offset, long value, int bytes) {
        select(id, offset);
        lines.add(String.format("out%s 0x%x 0x%x", "?bw?l".charAt(bytes), 0xcfc + (offset & 3),
                value & (1L << 8 * bytes) - 1));
    }

    private void portsRead(int id, int offset, int bytes) {
        select(id, offset);
        lines.add(String.format("in%s 0x%x", "?bw?l".charAt(bytes), 0xcfc + (offset & 3)));
    }

    private void select(int id, int offset) {
        lines.add(String.format("outl 0xcf8 0x%x", 0x8000_0000 | id << 8 | offset & ~3));
    }
}
