// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import static kdump.lab.qtest.options.DeviceProperty.DMA_MASK;
import static kdump.lab.qtest.options.DeviceProperty.DRIVE;
import static kdump.lab.qtest.options.DeviceProperty.MAC;
import static kdump.lab.qtest.options.DeviceProperty.MAX_IOQPAIRS;
import static kdump.lab.qtest.options.DeviceProperty.MSIX_QSIZE;
import static kdump.lab.qtest.options.DeviceProperty.NETDEV;
import static kdump.lab.qtest.options.DeviceProperty.ROMFILE;
import static kdump.lab.qtest.options.DeviceProperty.SERIAL;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The kinds of PCI functions of QEMU's q35 machine that we know, with their config space after
 * reset and its bits that take writes: emulators let software write what no capability claims.
 *
 * <p>Source: config spaces of QEMU 7.2.22, read and written word by word.
 */
public enum FunctionKind {

    HOST_BRIDGE("mch", 256, Flow.NONE,
            "0:29c08086 8:6000000 2c:11001af4 50:10 60:b0000000 9c:380200",
            "4:507 c:ff 3c:ff 40-4c:ffffffff 50:ffff0010 54-8c:ffffffff a0-fc:ffffffff"),
    ISA_BRIDGE("ICH9-LPC", 256, Flow.NONE,
            "0:29188086 8:6010002 c:800000 2c:11001af4 40:1 60:80808080 68:80808080",
            "4:507 c:ff 3c:ff 40:ff87 44-9c:ffffffff a4-fc:ffffffff"),
    SATA("ich9-ahci", 256, new Hosted("ahci", 1, 4), "0:29228086 4:100000 8:1060102 "
            + "c:800000 20:1 2c:11001af4 "
            + "34:80 3c:100 80:80a805 90:40 a8:100012 ac:48",
            "4:507 c:ff 20:ffffffe0 24:fffff000 3c:ff 40-7c:ffffffff 80:10000 84:fffffffc "
            + "88-a4:ffffffff b0-fc:ffffffff"),
    AHCI("ich9-ahci", 256, new Hosted("ahci", 1, 4), "0:29228086 4:100000 8:1060102 20:1 "
            + "2c:11001af4 34:80 3c:100 80:80a805 90:40 a8:100012 ac:48",
            "4:507 c:ff 20:ffffffe0 24:fffff000 3c:ff 40-7c:ffffffff 80:10000 84:fffffffc "
            + "88-a4:ffffffff b0-fc:ffffffff"),
    SMBUS("ICH9-SMB", 256, Flow.NONE,
            "0:29308086 8:c050002 c:800000 20:1 2c:11001af4 3c:100",
            "4:507 c:ff 20:ffffffc0 3c:ff 40:fffffff7 44-fc:ffffffff"),
    AMD_IOMMU("AMDVI-PCI", 256, Flow.NONE, "0:81022 " + AmdIommu.CONFIG, AmdIommu.WRITABLE),
    AMD_IOMMU_10("AMDVI-PCI", 256, Flow.NONE, "0:14191022 " + AmdIommu.CONFIG, AmdIommu.WRITABLE),
    EDU("edu", 256, new Hosted("edu", 4, 8, DMA_MASK),
            "0:11e81234 4:100000 8:ff0010 2c:11001af4 34:40 3c:100 40:800005",
            "4:507 c:ff 10:fff00000 3c:ff 40:10000 44:fffffffc 48-fc:ffffffff"),
    /** Since 11. */
    IOMMU_TESTDEV("iommu-testdev", 256, new Hosted(Hosted.OURS, 4, 4),
            "0:51b36 8:ff0000 2c:11001af4", "4:507 c:ff 10:fffff000 3c:ff 40-fc:ffffffff"),
    NVME("nvme", 4096, new Hosted("nvme", 1, 4, DRIVE, SERIAL, MAX_IOQPAIRS, MSIX_QSIZE, ROMFILE),
            "0:101b36 4:100000 8:1080202 10:4 2c:11001af4 34:40 3c:100 40:408011 44:2000 48:3000 "
            + "60:30001 64:8 80:926010 84:10008000 8c:411 90:110000 a4:300000",
            "4:507 c:ff 10:ffffc000 14:ffffffff 3c:ff 40:c0000000 4c-5c:ffffffff 64:3 "
            + "68-7c:ffffffff a8:8000 bc-fc:ffffffff 104-ffc:ffffffff"),
    E1000E("e1000e", 4096, new Hosted("e1000e", 1, 4, NETDEV, MAC, ROMFILE), "0:10d38086 4:100000 "
            + "8:2000000 18:1 2c:8086 34:c8 3c:100 a0:40011 a4:3 a8:2003 c8:22d001 d0:80e005 "
            + "e0:91a010 e4:8000 ec:411 f0:110000 100:14020001 10c:462030 114:e000 118:a0 "
            + "140:10003 144:ff123456 148:525400ff", "4:507 c:ff 10-14:fffe0000 18:ffffffe0 "
            + "1c:ffffc000 30:fffc0001 3c:ff 40-9c:ffffffff a0:c0000000 ac-c4:ffffffff cc:1f03 "
            + "d0:10000 d4:fffffffc d8-dc:ffffffff f4-fc:ffffffff 10c:3fff030 114:f1c1 118:140 "
            + "14c-ffc:ffffffff"),
    E1000("e1000", 256, new Hosted("e1000e", 1, 4, NETDEV, MAC, ROMFILE),
            "0:100e8086 8:2000003 14:1 2c:11001af4 3c:100",
            "4:507 c:ff 10:fffe0000 14:ffffffc0 30:fffc0001 3c:ff 40-fc:ffffffff"),
    UHCI("piix3-usb-uhci", 256, new Hosted("uhci", 1, 4),
            "0:70208086 8:c030001 20:1 2c:11001af4 3c:400 60:10 68:10000",
            "4:507 c:ff 20:ffffffe0 3c:ff 40-fc:ffffffff"),
    EHCI("usb-ehci", 256, new Hosted("ehci", 1, 4),
            "0:24cd8086 8:c032010 2c:11001af4 3c:400 60:2020 68:1 6c:c0000000",
            "4:507 c:ff 10:fffff000 3c:ff 40-fc:ffffffff"),

    ROOT_PORT("pcie-root-port", 4096, new Flow(0x60, 0x68, 0x6c), "0:c1b36 4:100000 8:6040000 "
            + "c:10000 1c:f0 20:fff0 24:1fff1 34:54 3c:100 40:d 44:1b36 48:4011 50:800 54:1424810 "
            + "58:8000 60:300604 64:2040000 68:2007b 6c:7c0 78:300020 80:1e 84:4 100:14820001 "
            + "10c:462030 114:e000 118:2a0 148:1000d 14c:5f",
            Flow.BRIDGE_WRITABLE + "10:fffff000 3c:5f00ff 48:c0000000 5c:f 6c:7f9 70:7 7c:8020 "
            + "90-fc:ffffffff 10c:3fff030 114:f1c1 118:540 12c:7 14c:5f0000 150-ffc:ffffffff"),
    IOH_PORT("ioh3420", 4096, new Flow(0x9c, 0xa4, 0xa8), "0:34208086 4:100000 8:6040002 "
            + "c:10000 1c:f0 20:fff0 24:1fff1 34:90 3c:100 40:d 44:8086 60:1024005 90:1426010 "
            + "94:8000 9c:411 a0:110000 a4:2007b a8:7c0 b4:300020 100:20001 10c:462030 114:e000 "
            + "118:2a0", Flow.BRIDGE_WRITABLE + "3c:5f00ff 48-5c:ffffffff 60:110000 64:fffffffc "
            + "68:ffff 6c:3 74-8c:ffffffff 98:f a8:7f9 ac:7 b8:8020 cc-fc:ffffffff 10c:3fff030 "
            + "114:f1c1 118:540 12c:7 148-ffc:ffffffff"),
    UPSTREAM_PORT("x3130-upstream", 4096, new Flow(0x9c, 0, 0), "0:8232104c 4:100000 8:6040002 "
            + "c:10000 24:10001 34:90 70:800005 80:700d 90:528010 94:10008000 9c:411 a0:110000 "
            + "b4:300000 100:20001 10c:462030 114:e000 118:2a0", Flow.BRIDGE_WRITABLE
            + "3c:5f00ff 40-6c:ffffffff 70:10000 74:fffffffc 78-7c:ffffffff 88-8c:ffffffff "
            + "b8:8000 cc-fc:ffffffff 10c:3fff030 114:f1c1 118:540 148-ffc:ffffffff"),
    DOWNSTREAM_PORT("xio3130-downstream", 4096, new Flow(0x9c, 0xa4, 0xa8), "0:8233104c "
            + "4:100000 8:6040001 c:10000 24:10001 34:90 70:800005 80:700d 90:1628010 94:10008000 "
            + "9c:400 a0:110000 a4:2007b a8:7c0 b4:300020 100:20001 10c:462030 114:e000 118:2a0",
            Flow.BRIDGE_WRITABLE + "3c:5f00ff 40-6c:ffffffff 70:10000 74:fffffffc "
            + "78-7c:ffffffff 88-8c:ffffffff a8:7f9 b8:8020 cc-fc:ffffffff 10c:3fff030 114:f1c1 "
            + "118:540 148-ffc:ffffffff"),
    EXPRESS_TO_PCI("pcie-pci-bridge", 4096, Flow.NONE, "0:e1b36 4:b00000 8:6040000 c:10000 10:4 "
            + "1c:a00000 24:10001 34:8c 3c:100 40:c 48:724010 4c:8000 54:411 58:110000 "
            + "6c:300020 84:34801 8c:1808405 100:20001 10c:462030 114:e000 118:a0",
            Flow.BRIDGE_WRITABLE + "10:ffffff00 14:ffffffff 3c:bff00ff 40:ff0000 50:f 70:8020 "
            + "8c:10000 90:fffffffc 94:ffffffff 98:ffff 9c:1 a4-fc:ffffffff 10c:3fff030 114:f1c1 "
            + "118:140 148-ffc:ffffffff"),
    PCI_BRIDGE("pci-bridge", 256, Flow.NONE, "0:11b36 4:b00000 8:6040000 c:10000 10:4 "
            + "1c:a00000 24:10001 34:4c 3c:100 40:c 48:1204004 4c:1804805",
            Flow.BRIDGE_WRITABLE + "10:ffffff00 14:ffffffff 3c:bff00ff 40:ff0000 48:ff000000 "
            + "4c:10000 50:fffffffc 54:ffffffff 58:ffff 5c:1 64-fc:ffffffff"),
    LEGACY_BRIDGE("i82801b11-bridge", 256, Flow.NONE,
            "0:244e8086 4:b00000 8:6040192 c:10000 1c:a00000 24:10001 34:50 50:d",
            Flow.BRIDGE_WRITABLE + "3c:bff00ff 40-4c:ffffffff 58-fc:ffffffff");

    private static final int HEADER_TYPE = 0x0e;
    private static final String AHCI_ALIAS = "ahci";

    private final String model;
    private final Flow flow;
    private final Hosted hosted;
    private final byte[] config;
    private final byte[] writable;

    FunctionKind(String model, int bytes, Flow flow, String config, String writable) {
        this(model, bytes, flow, null, config, writable);
    }

    FunctionKind(String model, int bytes, Hosted hosted, String config, String writable) {
        this(model, bytes, Flow.NONE, hosted, config, writable);
    }

    FunctionKind(String model, int bytes, Flow flow, Hosted hosted, String config,
            String writable) {
        this.model = model;
        this.flow = flow;
        this.hosted = hosted;
        this.config = ConfigText.bytes(bytes, config);
        this.writable = ConfigText.bytes(bytes, writable);
    }

    /**
     * Where a port says what it is: its Link Capabilities, Slot Capabilities and Slot Control; 0
     * where it has none.
     */
    record Flow(int link, int slot, int slotControl) {

        /** Of what is no port. */
        static final Flow NONE = new Flow(0, 0, 0);
        /** What all bridges let software write in the header. */
        static final String BRIDGE_WRITABLE = "4:507 c:ff 18:ffffffff 1c:f0f0 20-24:fff0fff0 "
                + "28-2c:ffffffff ";
    }

    /**
     * Returns the kind of that name in a {@code -device} argument of a version, if we know it.
     */
    public static Optional<FunctionKind> of(String model, QemuVersion version) {
        String name = model.equals(AHCI_ALIAS) ? AHCI.model : model;
        return Arrays.stream(values()).filter(k -> k.model.equals(name)
                && (k.hosted != null && k != SATA || k.isBridge())
                && (k != IOMMU_TESTDEV || version.atLeast(QemuVersion.V11))).findFirst();
    }

    /** Returns the names of all that a {@code -device} argument of a version can name. */
    public static List<String> names(QemuVersion version) {
        return Arrays.stream(values()).filter(k -> of(k.model, version).isPresent())
                .map(k -> k.model).distinct().toList();
    }

    /** Returns the name that QEMU gives it. */
    String model() {
        return model;
    }

    /** Returns where it says what port it is. */
    Flow flow() {
        return flow;
    }

    /** Returns what sits behind it, or null. */
    public Hosted hosted() {
        return hosted;
    }

    /** Returns whether there is a bus behind it. */
    boolean isBridge() {
        return config[HEADER_TYPE] == 1;
    }

    /** Returns a copy of its config space after reset. */
    public byte[] config() {
        return config.clone();
    }

    /** Returns a copy of the bits that take writes. */
    byte[] writable() {
        return writable.clone();
    }
}
