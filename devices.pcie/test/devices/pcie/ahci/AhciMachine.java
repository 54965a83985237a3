// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ahci;

import devices.pcie.fabric.PcieFabricFactory;
import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.EventQueue;
import iommu.testkit.FakeDeviceContext;
import iommu.testkit.FakeDriverPort;
import iommu.testkit.RecordingUpstream;
import java.util.List;
import java.util.Map;

/**
 * An adapter behind a fabric, 16 MiB of memory, and a little driver that speaks to port 0 by
 * numbers of its own: the command list is at {@link #LIST}, received FISes at {@link #RECEIVED},
 * the table of slot n at {@link #TABLES} + n * 1000h.
 */
final class AhciMachine {

    static final int REQUESTER = 0xfa;
    static final int MSI = 0x80;
    static final long LIST = 0x10000;
    static final long RECEIVED = 0x11000;
    static final long TABLES = 0x20000;
    static final long BUFFER = 0x80000;
    static final long MEMORY_BYTES = 16 << 20;

    static final int GHC = 0x04;
    static final int IS = 0x08;
    static final int PORT = 0x100;
    static final int PX_IS = PORT + 0x10;
    static final int PX_IE = PORT + 0x14;
    static final int PX_CMD = PORT + 0x18;
    static final int PX_TFD = PORT + 0x20;
    static final int PX_SIG = PORT + 0x24;
    static final int PX_SSTS = PORT + 0x28;
    static final int PX_SCTL = PORT + 0x2c;
    static final int PX_SERR = PORT + 0x30;
    static final int PX_SACT = PORT + 0x34;
    static final int PX_CI = PORT + 0x38;
    static final long MILLI = 1_000_000;

    final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, MEMORY_BYTES)));
    final RecordingUpstream root = new RecordingUpstream(memory);
    final EventQueue clock = new EventQueue();
    final PciFunction function;
    final FakeDriverPort port;
    Device device;
    FakeDeviceContext context;

    AhciMachine(Map<String, Long> options) {
        function = new PcieFabricFactory().build(List.of(new FunctionConfig(REQUESTER, config())),
                root, (f, dma) -> {
                    context = new FakeDeviceContext(f, dma, clock, options);
                    device = new AhciModel().device(context);
                    return device;
                }).function(REQUESTER);
        function.writeConfig(4, 2, 7);
        port = new FakeDriverPort(function, memory, clock, 0x100000, MEMORY_BYTES);
        port.interrupts(root::takeInterrupt);
    }

    /** Returns the config space of an ICH9's controller. */
    static byte[] config() {
        byte[] config = new byte[256];
        int[][] words = {{0, 0x29228086}, {4, 0x100000}, {8, 0x1060102}, {0x20, 0xe041},
            {0x24, 0xfde06000}, {0x34, MSI}, {0x3c, 0x10a}, {MSI, 0x80a805}, {0xa8, 0x100012},
            {0xac, 0x48}};
        for (int[] word : words) {
            for (int i = 0; i < 4; i++) {
                config[word[0] + i] = (byte) (word[1] >>> 8 * i);
            }
        }
        return config;
    }

    DeviceDriver driver() {
        return new AhciModel().driver(port);
    }

    /** Sends interrupts as messages to where the driver's port hears them. */
    void enableMessages() {
        function.writeConfig(MSI + 4, 4, (int) FakeDriverPort.INTERRUPTS);
        function.writeConfig(MSI + 2, 2, 0x81);
    }

    // ---- a little driver ------------------------------------------------------------------------

    long read(int offset) {
        return function.readRegister(5, offset, 4);
    }

    void write(int offset, long value) {
        function.writeRegister(5, offset, 4, value);
    }

    /** Starts port 0. */
    void start() {
        write(PORT, LIST);
        write(PORT + 8, RECEIVED);
        write(PX_CMD, 0x16);
        clock.advance(MILLI);
        write(PX_SERR, -1);
        write(PX_IS, -1);
        write(IS, -1);
        write(PX_IE, -1);
        write(GHC, 0x8000_0002L);
        write(PX_CMD, 0x17);
    }

    /** Writes a command with one descriptor, or none if it has no bytes. */
    void command(int slot, int command, long sector, int count, long address, int bytes) {
        long table = TABLES + slot * 0x1000L;
        byte[] fis = new byte[64];
        fis[0] = 0x27;
        fis[1] = (byte) 0x80;
        fis[2] = (byte) command;
        fis[7] = 0x40;
        for (int i = 0; i < 3; i++) {
            fis[4 + i] = (byte) (sector >>> 8 * i);
            fis[8 + i] = (byte) (sector >>> 24 + 8 * i);
        }
        boolean queued = command >>> 4 == 6;
        fis[queued ? 3 : 12] = (byte) count;
        fis[queued ? 11 : 13] = (byte) (count >>> 8);
        if (queued) {
            fis[12] = (byte) (slot << 3);
        }
        memory.write(table, fis, 0, fis.length);
        memory.write64(table + 0x80, address);
        memory.write64(table + 0x88, (long) (bytes - 1) << 32);
        long direction = (command & 0xff) == 0x35 || command == 0x61 || command == 0x34
                || (command & 0xff) == 0xca ? 0x40 : 0;
        memory.write64(LIST + slot * 32, 5 | direction | (bytes == 0 ? 0 : 1L << 16));
        memory.write64(LIST + slot * 32 + 8, table);
    }

    /** Issues slots, as queued ones or not. */
    void issue(int slots, boolean queued) {
        if (queued) {
            write(PX_SACT, slots);
        }
        write(PX_CI, slots);
    }

    /** Carries out a command in slot 0, for as long as it takes. */
    void run(int command, long sector, int count, long address, int bytes) {
        command(0, command, sector, count, address, bytes);
        issue(1, command >>> 4 == 6);
        clock.advance(100 * MILLI);
    }

    byte[] bytes(long address, int count) {
        byte[] there = new byte[count];
        memory.read(address, there, 0, count);
        return there;
    }

    void fill(long address, int bytes) {
        for (long at = address; at < address + bytes; at += 8) {
            memory.write64(at, at * 0x9e3779b97f4a7c15L + 1);
        }
    }
}
