// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import kdump.lab.api.LabException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Where functions are plugged, and what their config spaces say. */
class FunctionPlacesTest {

    private static List<FunctionSlot> slots(String devices) throws LabException {
        var options = new ArrayList<String>();
        for (String device : devices.split("\\|")) {
            options.addAll(List.of("-device", device));
        }
        return MachineOptions.parse(options, Path.of("")).slots();
    }

    private static ByteBuffer config(FunctionKind kind) {
        return ByteBuffer.wrap(kind.config()).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A place is hexadecimal: device, perhaps a function. */
    @ParameterizedTest
    @CsvSource({
        "3,       0x18",
        "03,      0x18",
        "0x3,     0x18",
        "0X3,     0x18",
        "3.0,     0x18",
        "3.7,     0x1f",
        "03.07,   0x1f",
        "0x3.0x7, 0x1f",
        "a,       0x50",
        "1E,      0xf0",
        "1f.4,    0xfc",
        "1f.7,    0xff",
        "0.7,     0x07"})
    void aPlaceIsDeviceAndFunction(String place, String number) throws LabException {
        // the host bridge at 0.0 is no multi-function device
        if (!place.equals("0.7")) {
            assertThat(slots("edu,addr=" + place)).last()
                    .extracting(FunctionSlot::place).isEqualTo(Integer.decode(number));
            return;
        }
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> slots("edu,addr=" + place))
                .hasMessageEndingWith(
                        "PCI: single function device can't be populated in function 0.7");
    }

    @Test
    void aMachineHasFourFunctionsOfItsOwn() throws LabException {
        List<FunctionSlot> own = MachineOptions.parse(List.of(), Path.of("")).slots();
        assertThat(own).extracting(s -> s.kind().model() + " " + Integer.toHexString(s.place()))
                .containsExactly("mch 0", "ICH9-LPC f8", "ich9-ahci fa", "ICH9-SMB fb");
        assertThat(MachineOptions.parse(List.of("-machine", "q35,sata=off,smbus=off"),
                Path.of("")).slots()).extracting(s -> s.kind().model())
                .containsExactly("mch", "ICH9-LPC");
    }

    @Test
    void functionsOfOneDeviceBeginWithTheOneThatSaysSo() throws LabException {
        List<FunctionSlot> slots = slots("edu,addr=4.0,multifunction=on|edu,addr=4.1|edu,addr=4.7");
        assertThat(slots).extracting(FunctionSlot::place).endsWith(0x20, 0x21, 0x27);
        assertThat(header(slots.get(4))).as("multi-function").isEqualTo(0x80);
        assertThat(header(slots.get(5))).isZero();
    }

    private static int header(FunctionSlot slot) {
        return slot.plugged(false).config()[0x0e] & 0xff;
    }

    /** A port with a slot gives power to what is behind it if there is somebody at 0.0. */
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = ';', value = {
        "pcie-root-port,id=p|edu,bus=p                     ; pcie-root-port edu",
        "pcie-root-port,id=p|edu,bus=p,addr=1              ; pcie-root-port",
        "pcie-root-port,id=p|edu,bus=p,addr=1|edu,bus=p    ; pcie-root-port edu edu",
        "pci-bridge,id=b,chassis_nr=1|edu,bus=b,addr=1     ; pci-bridge edu",
        "pcie-root-port,id=p|x3130-upstream,id=u,bus=p|xio3130-downstream,id=d,bus=u,chassis=1"
            + "|edu,bus=d ; pcie-root-port x3130-upstream xio3130-downstream edu",
        "pcie-root-port,id=p|pcie-pci-bridge,id=b,bus=p|edu,bus=b,addr=5 ;"
            + " pcie-root-port pcie-pci-bridge edu"})
    void whoHasPower(String devices, String models) throws LabException {
        assertThat(String.join(" ", slots(devices).stream().skip(4).map(s -> s.kind().model())
                .toList())).isEqualTo(models);
    }

    // ---- kinds ----------------------------------------------------------------------------------

    /** Ids, class code, header type, bytes of config space and whether a capability list is. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "HOST_BRIDGE,     0x29c08086, 0x060000, 0, 256,  0",
        "ISA_BRIDGE,      0x29188086, 0x060100, 0x80, 256, 0",
        "SATA,            0x29228086, 0x010601, 0x80, 256, 0x80",
        "AHCI,            0x29228086, 0x010601, 0, 256,  0x80",
        "SMBUS,           0x29308086, 0x0c0500, 0x80, 256, 0",
        "AMD_IOMMU,       0x00081022, 0x080600, 0, 256,  0x60",
        "AMD_IOMMU_10,    0x14191022, 0x080600, 0, 256,  0x60",
        "EDU,             0x11e81234, 0x00ff00, 0, 256,  0x40",
        "NVME,            0x00101b36, 0x010802, 0, 4096, 0x40",
        "E1000E,          0x10d38086, 0x020000, 0, 4096, 0xc8",
        "E1000,           0x100e8086, 0x020000, 0, 256,  0",
        "UHCI,            0x70208086, 0x0c0300, 0, 256,  0",
        "EHCI,            0x24cd8086, 0x0c0320, 0, 256,  0",
        "ROOT_PORT,       0x000c1b36, 0x060400, 1, 4096, 0x54",
        "IOH_PORT,        0x34208086, 0x060400, 1, 4096, 0x90",
        "UPSTREAM_PORT,   0x8232104c, 0x060400, 1, 4096, 0x90",
        "DOWNSTREAM_PORT, 0x8233104c, 0x060400, 1, 4096, 0x90",
        "EXPRESS_TO_PCI,  0x000e1b36, 0x060400, 1, 4096, 0x8c",
        "PCI_BRIDGE,      0x00011b36, 0x060400, 1, 256,  0x4c",
        "LEGACY_BRIDGE,   0x244e8086, 0x060401, 1, 256,  0x50"})
    void aKindIsWhatItsHeaderSays(FunctionKind kind, String ids, String classCode, String header,
            int bytes, String capabilities) {
        ByteBuffer config = config(kind);
        assertThat(config.getInt(0)).isEqualTo(Long.decode(ids).intValue());
        assertThat(config.getInt(8) >>> 8).isEqualTo(Integer.decode(classCode));
        assertThat(config.get(14) & 0xff).isEqualTo(Integer.decode(header));
        assertThat(config.capacity()).isEqualTo(bytes);
        assertThat(config.get(0x34) & 0xff).isEqualTo(Integer.decode(capabilities));
        assertThat(kind.isBridge()).isEqualTo(header.equals("1"));
    }

    /** Capabilities by their ids, in the order of the list. */
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "SATA,            05 12",
        "EDU,             05",
        "NVME,            11 10 01",
        "E1000E,          01 05 10 11",
        "E1000,           ''",
        "ROOT_PORT,       10 11 0d",
        "IOH_PORT,        10 05 0d",
        "UPSTREAM_PORT,   10 05 0d",
        "DOWNSTREAM_PORT, 10 05 0d",
        "EXPRESS_TO_PCI,  05 01 10 0c",
        "PCI_BRIDGE,      05 04 0c",
        "LEGACY_BRIDGE,   0d",
        "AMD_IOMMU,       05 08 05 0f"})
    void capabilitiesAreAList(FunctionKind kind, String ids) {
        ByteBuffer config = config(kind);
        var found = new ArrayList<String>();
        for (int at = config.get(0x34) & 0xff; at != 0 && found.size() < 10;
                at = config.get(at + 1) & 0xff) {
            found.add(String.format("%02x", config.get(at)));
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(
                ids.isEmpty() ? List.of() : Arrays.asList(ids.split(" ")));
        assertThat((config.getShort(6) & 0x10) != 0).as("Capabilities List")
                .isEqualTo(!found.isEmpty());
    }

    @ParameterizedTest
    @EnumSource(FunctionKind.class)
    void idsAndClassTakeNoWrites(FunctionKind kind) {
        ByteBuffer writable = ByteBuffer.wrap(kind.writable()).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(writable.getInt(0)).isZero();
        assertThat(writable.getInt(8)).isZero();
        assertThat(writable.getInt(4)).as("IO, memory, master, SERR#, INTx off, parity")
                .isEqualTo(0x507);
        assertThat(writable.get(0x34)).isZero();
        assertThat(writable.capacity()).isEqualTo(kind.config().length);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(nullValues = "-", value = {
        "edu, EDU", "nvme, NVME", "e1000e, E1000E", "e1000, E1000", "ahci, AHCI",
        "piix3-usb-uhci, UHCI", "usb-ehci, EHCI",
        "ich9-ahci, AHCI", "pcie-root-port, ROOT_PORT", "ioh3420, IOH_PORT",
        "x3130-upstream, UPSTREAM_PORT", "xio3130-downstream, DOWNSTREAM_PORT",
        "pcie-pci-bridge, EXPRESS_TO_PCI", "pci-bridge, PCI_BRIDGE",
        "i82801b11-bridge, LEGACY_BRIDGE", "mch, -", "ICH9-LPC, -", "AMDVI-PCI, -",
        "EDU, -", "iommu-testdev, IOMMU_TESTDEV", "virtio-net, -"})
    void aDeviceIsNamedByItsModel(String name, FunctionKind kind) {
        assertThat(FunctionKind.of(name, QemuVersion.V11).orElse(null)).isEqualTo(kind);
        assertThat(FunctionKind.names(QemuVersion.V11).contains(name))
                .isEqualTo(kind != null && !name.equals("ahci"));
    }

    /** Link Capabilities: port number; Slot Capabilities: slot; Slot Control: whether it is off. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "'pcie-root-port,port=5,slot=3',           0x60, 5, 0x68, 3, 0x6c",
        "'pcie-root-port,port=255,slot=8191',      0x60, 255, 0x68, 8191, 0x6c",
        "'ioh3420,port=1,slot=2,chassis=3',        0x9c, 1, 0xa4, 2, 0xa8"})
    void aPortSaysItsNumbers(String device, String link, int port, String slot, int number,
            String control) throws LabException {
        FunctionSlot one = slots(device).get(4);
        for (boolean inhabited : new boolean[] {false, true}) {
            ByteBuffer config = ByteBuffer.wrap(one.plugged(inhabited).config())
                    .order(ByteOrder.LITTLE_ENDIAN);
            assertThat(config.get(Integer.decode(link) + 3) & 0xff).isEqualTo(port);
            assertThat(config.getInt(Integer.decode(slot)) >>> 19).isEqualTo(number);
            assertThat(config.getInt(Integer.decode(control)) & 0x600)
                    .isEqualTo(inhabited ? 0 : 0x600 & config(one.kind()).getInt(
                            Integer.decode(control)));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "255, 255"})
    void aConventionalBridgeSaysItsChassis(String number, int chassis) throws LabException {
        FunctionSlot bridge = slots("pci-bridge,chassis_nr=" + number).get(4);
        assertThat(bridge.plugged(false).config()[0x4b] & 0xff).isEqualTo(chassis);
    }
}
