// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.machine.VirtualFunctions;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.testkit.RecordingUpstream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Virtual functions come with VF Enable of their physical one, and go with it. */
class VirtualFunctionsTest {

    private static final int PHYSICAL = RequesterId.parse("02:00.0");
    private static final int FIRST = RequesterId.parse("02:02.0");
    private static final int SECOND = RequesterId.parse("02:02.2");
    private static final int CAPABILITY = 0x100;
    private static final int CONTROL = CAPABILITY + 8;

    private final RecordingUpstream root = new RecordingUpstream();
    private final Map<Integer, DmaPort> ports = new HashMap<>();
    private final Map<Integer, Integer> resets = new HashMap<>();
    private final Fabric fabric = new PcieFabricFactory().build(List.of(physical(), virtual(FIRST),
            virtual(SECOND)), root, (function, dma) -> {
                ports.put(function.requesterId(), dma);
                return new Device() {
                    @Override
                    public int readRegister(int offset) {
                        return 0x1234;
                    }

                    @Override
                    public void reset() {
                        resets.merge(function.requesterId(), 1, Integer::sum);
                    }
                };
            });

    /** SR-IOV at 100h: two functions, the first 16 routing ids away, 2 apart. */
    private static FunctionConfig physical() {
        ByteBuffer config = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        config.putInt(0, 0x1234_8086).putShort(4, (short) 6).putShort(6, (short) 0x10)
                .put(0x34, (byte) 0x40).put(0x40, (byte) 0x10).putShort(0x42, (short) 2);
        config.putInt(CAPABILITY, 0x0001_0010).putShort(CAPABILITY + 0x0e, (short) 2)
                .putShort(CAPABILITY + 0x14, (short) 16).putShort(CAPABILITY + 0x16, (short) 2);
        return new FunctionConfig(PHYSICAL, config.array());
    }

    private static FunctionConfig virtual(int id) {
        ByteBuffer config = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        config.putInt(0, -1).putShort(4, (short) 6).putInt(8, 0x0200_0000);
        return new FunctionConfig(id, config.array());
    }

    private PciFunction in(int id) {
        return fabric.function(id);
    }

    private void control(int value) {
        in(PHYSICAL).writeConfig(CONTROL, 2, value);
    }

    private CompletionStatus readBy(int id) {
        return ports.get(id).read(0x1000, new byte[4], 0, 4);
    }

    @Test
    void theCapabilitySaysWhichTheyAre() {
        VirtualFunctions layout = VirtualFunctions.of(in(PHYSICAL)::readConfig);
        assertThat(layout).isEqualTo(new VirtualFunctions(CAPABILITY, 2, 16, 2));
        assertThat(layout.requester(PHYSICAL, 0)).isEqualTo(FIRST);
        assertThat(layout.requester(PHYSICAL, 1)).isEqualTo(SECOND);
        assertThat(new VirtualFunctions(CAPABILITY, 300, 16, 1).requester(PHYSICAL, 255))
                .as("on the next bus").isEqualTo(PHYSICAL + 16 + 255);
        assertThat(VirtualFunctions.of(in(FIRST)::readConfig)).isNull();
    }

    @Test
    void withVfEnableOffTheyAreNotThere() {
        assertThat(in(FIRST).readConfig(8, 4)).isEqualTo(-1);
        assertThat(in(FIRST).readRegister(0, 0, 4)).isEqualTo(0xffff_ffffL);
        assertThat(readBy(FIRST)).isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(root.requests()).isEmpty();
    }

    @Test
    void withItTheyAreFunctionsOfTheirOwnThatNoScanFinds() {
        control(9);
        assertThat(in(FIRST).readConfig(8, 4) >>> 8).isEqualTo(0x020000);
        assertThat(in(FIRST).readConfig(0, 4)).as("vendor and device").isEqualTo(-1);
        assertThat(in(FIRST).readRegister(0, 0, 4)).isEqualTo(0x1234);
        assertThat(readBy(FIRST)).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(root.requests().get(0).function()).isEqualTo(FIRST);
        in(FIRST).writeConfig(4, 2, 2);
        assertThat(readBy(FIRST)).as("a gate of its own")
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(readBy(SECOND)).isEqualTo(CompletionStatus.SUCCESS);
    }

    /** VF Enable taken away; a function-level reset of the physical function; and not. */
    @ParameterizedTest
    @CsvSource({"0x108, 0, 1", "0x48, 0x8000, 1", "0x108, 1, 0", "0x04, 2, 0"})
    void theyVanishAndForgetWithIt(String offset, String value, int times) {
        control(9);
        in(PHYSICAL).writeConfig(Integer.decode(offset), 2, Integer.decode(value));
        assertThat(resets.getOrDefault(FIRST, 0)).isEqualTo(times);
        assertThat(resets.getOrDefault(SECOND, 0)).isEqualTo(times);
        assertThat(readBy(FIRST) == CompletionStatus.SUCCESS).isEqualTo(times == 0);
    }
}
