// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import devices.pcie.fabric.PcieFabricFactory;
import iommu.api.pcie.Bar;
import iommu.api.pcie.Medium;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.qtest.Protocol;
import kdump.lab.qtest.MachineParts;
import kdump.lab.qtest.options.MachineOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a device finds around it: its BARs, its interrupts, a disk, what it is told. */
class HostingTest {

    private static final String NVME = "nvme,addr=4,drive=d,serial=foo,max_ioqpairs=0x10";
    private static final String NOTHING = "id=d,if=none,file=null-co://,format=raw";
    private static final int SECTOR = 512;

    @TempDir
    private Path directory;
    private final EchoModel disk = new EchoModel("nvme", Bar.wideMemory(0, 0x1000, false));
    private final EchoModel nic = new EchoModel("e1000e", Bar.memory(0, 0x20000),
            Bar.memory(1, 0x20000), Bar.io(2, 32));

    private Protocol machine(String... options) throws LabException {
        var all = new ArrayList<>(List.of("-machine", "q35,sata=off"));
        all.addAll(List.of(options));
        return new MachineParts(new PcieFabricFactory(), List.of(), List.of(disk, nic), null)
                .protocol(MachineOptions.parse(all, directory));
    }

    private static void config(Protocol machine, int id, int offset, long value) {
        machine.answer(String.format("outl 0xcf8 0x%x", 0x8000_0000 | id << 8 | offset));
        machine.answer(String.format("outl 0xcfc 0x%x", value));
    }

    private static String ask(Protocol machine, String line) {
        return machine.answer(line).replace("OK 0x", "").replaceFirst("^0+(?=.)", "");
    }

    private Protocol nvme() throws LabException {
        Protocol machine = machine("-drive", NOTHING, "-device", NVME);
        config(machine, 0x20, 0x10, 0xc000_0000L);
        config(machine, 0x20, 0x14, 0x1);
        config(machine, 0x20, 4, 6);
        return machine;
    }

    private Protocol nic() throws LabException {
        Protocol machine = machine("-netdev", "hubport,id=n,hubid=0", "-device",
                "e1000e,addr=4,netdev=n,mac=52:54:00:00:00:01");
        config(machine, 0x20, 0x10, 0xe000_0000L);
        config(machine, 0x20, 0x14, 0xe010_0000L);
        config(machine, 0x20, 0x18, 0xc000);
        config(machine, 0x20, 0x1c, 0xe020_0000L);
        config(machine, 0x20, 4, 7);
        return machine;
    }

    @Test
    void wideBarLiesBeyondFourGibibytes() throws Exception {
        Protocol machine = nvme();
        assertThat(ask(machine, "readl 0x1c0000014")).isEqualTo("40014");
        assertThat(ask(machine, "readw 0x1c0000014")).isEqualTo("214");
        assertThat(ask(machine, "readb 0x1c0000014")).isEqualTo("14");
        machine.answer("writeq 0x1c0000028 0x100000002");
        assertThat(disk.seen).as("as QEMU hands them on").containsExactly("0:28:4=2", "0:2c:4=1");
        assertThat(ask(machine, "readl 0xc0000014")).as("half the address").isEqualTo("0");
    }

    @Test
    void tableOfInterruptsLiesBehindTheBarOfTheDevice() throws Exception {
        Protocol machine = nvme();
        machine.answer("writel 0x1c0002000 0x100000");
        machine.answer("writel 0x1c0002008 0x5678");
        machine.answer("writel 0x1c000200c 0");
        assertThat(ask(machine, "readl 0x1c0002008")).isEqualTo("5678");
        config(machine, 0x20, 0x40, 0x8000_0000L);
        disk.context.interrupts().raise(0);
        assertThat(ask(machine, "readl 0x100000")).isEqualTo("5678");
        assertThat(disk.seen).isEmpty();
    }

    @Test
    void everyBarIsReachedByItsIndex() throws Exception {
        Protocol machine = nic();
        machine.answer("writel 0xe0000010 1");
        machine.answer("writeb 0xe0100011 2");
        machine.answer("outw 0xc004 3");
        machine.answer("outl 0xc01c 4");
        machine.answer("outl 0xc020 5");
        machine.answer("writel 0xe0200008 6");
        assertThat(nic.seen).containsExactly("0:10:4=1", "1:11:1=2", "2:4:2=3", "2:1c:4=4");
        assertThat(ask(machine, "readl 0xe0200008")).as("a BAR of a table alone").isEqualTo("6");
    }

    @ParameterizedTest
    @CsvSource({"inb 0xc001, 11", "inw 0xc002, 202", "inl 0xc004, 40004", "inl 0xc020, ffffffff",
        "inb 0xbfff, ff", "inw 0xc001, 1211"})
    void portsOfDevicesAreRead(String line, String value) throws Exception {
        assertThat(ask(nic(), line)).isEqualTo(value);
    }

    @Test
    void decodingIsSwitchedForMemoryAndPortsApart() throws Exception {
        Protocol machine = nic();
        config(machine, 0x20, 4, 2);
        assertThat(ask(machine, "inl 0xc004")).isEqualTo("ffffffff");
        assertThat(ask(machine, "readl 0xe0000000")).isEqualTo("40000");
        config(machine, 0x20, 4, 1);
        assertThat(ask(machine, "inl 0xc004")).isEqualTo("40004");
        assertThat(ask(machine, "readl 0xe0000000")).isEqualTo("0");
    }

    @Test
    void bridgesLetPortsThroughTheirWindow() throws Exception {
        Protocol machine = machine("-device", "pcie-root-port,id=rp,addr=3", "-device",
                "e1000e,bus=rp");
        config(machine, 0x18, 0x18, 0xff0100);
        config(machine, 0x18, 4, 7);
        config(machine, 0x100, 0x18, 0xd000);
        config(machine, 0x100, 4, 7);
        assertThat(ask(machine, "inl 0xd004")).as("window closed").isEqualTo("ffffffff");
        config(machine, 0x18, 0x1c, 0xd0d0);
        assertThat(ask(machine, "inl 0xd004")).isEqualTo("40004");
        config(machine, 0x18, 4, 6);
        assertThat(ask(machine, "inl 0xd004")).as("no I/O decoding").isEqualTo("ffffffff");
    }

    @Test
    void deviceIsToldWhatTheCommandLineSays() throws Exception {
        nvme();
        assertThat(disk.context.text("serial", "")).isEqualTo("foo");
        assertThat(disk.context.option("max_ioqpairs", 64)).isEqualTo(16);
        assertThat(disk.context.option("msix_qsize", 65)).isEqualTo(65);
        assertThat(disk.context.option("sectors", 0)).as("1 GiB of nothing").isEqualTo(1 << 21);
        nic();
        assertThat(nic.context.text("mac", "")).isEqualTo("52:54:00:00:00:01");
        assertThat(nic.context.text("serial", "none")).isEqualTo("none");
        nic.context.store(Medium.FRAMES, 0, new byte[64], 0, 64);
        byte[] frame = {1};
        nic.context.fetch(Medium.FRAMES, 0, frame, 0, 1);
        assertThat(frame).containsOnly(0);
    }

    @Test
    void diskIsAFile() throws Exception {
        byte[] image = new byte[4 * SECTOR + 1];
        Arrays.fill(image, SECTOR, 2 * SECTOR, (byte) 7);
        image[4 * SECTOR] = 9;
        Path file = Files.write(directory.resolve("disk.raw"), image);
        machine("-drive", "id=d,if=none,format=raw,file=disk.raw", "-device", NVME);
        assertThat(disk.context.option("sectors", 0)).as("rounded up").isEqualTo(5);
        assertThat(disk.fetched(1, SECTOR)).containsOnly(7);
        assertThat(disk.fetched(4, 2 * SECTOR)).as("beyond the end").startsWith(9, 0)
                .endsWith(0, 0);
        byte[] data = new byte[2 * SECTOR];
        Arrays.fill(data, (byte) 3);
        disk.context.store(Medium.BLOCKS, 4, data, 0, data.length);
        disk.context.store(Medium.BLOCKS, -1, data, 0, data.length);
        assertThat(Files.readAllBytes(file)).hasSize(5 * SECTOR).endsWith(3, 3);
    }

    @Test
    void readOnlyDiskStaysAsItIs() throws Exception {
        Path file = Files.write(directory.resolve("disk.raw"), new byte[SECTOR]);
        machine("-blockdev", "driver=file,filename=disk.raw,node-name=f,read-only=on", "-blockdev",
                "driver=raw,file=f,node-name=d,read-only=on", "-device", NVME);
        disk.context.store(Medium.BLOCKS, 0, new byte[] {1}, 0, 1);
        assertThat(Files.readAllBytes(file)).containsOnly(0);
    }

    @Test
    void nothingReadsZeros() throws Exception {
        machine("-blockdev", "driver=null-co,node-name=d,read-zeroes=on,size=1M", "-device", NVME);
        disk.context.store(Medium.BLOCKS, 0, new byte[] {1}, 0, 1);
        assertThat(disk.fetched(0, SECTOR)).containsOnly(0);
        assertThat(disk.context.option("sectors", 0)).isEqualTo(2048);
    }

    @Test
    void modelThatNoBundleProvidesIsNamed() {
        assertThatThrownBy(() -> machine("-device", "edu")).isInstanceOf(LabException.class)
                .hasMessage("no bundle provides the device model 'edu'");
    }
}
