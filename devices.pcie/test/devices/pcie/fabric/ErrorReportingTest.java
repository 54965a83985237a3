// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.sim.RandomStream;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.seeds.Seeds;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a root port with and without AER makes of requests that nobody completes. */
class ErrorReportingTest {

    private static final int PORT = 0x10;
    private static final int ENDPOINT = 0x100;
    private static final int EXPRESS = 0x40;
    private static final int DEVICE_CONTROL = EXPRESS + 8;
    private static final int DEVICE_STATUS = EXPRESS + 10;
    private static final int ROOT_CONTROL = EXPRESS + 0x1c;
    private static final int AER = 0x100;
    private static final int UR = 1 << 20;

    private final RecordingUpstream root = new RecordingUpstream();
    private PciFunction port;
    private PciFunction endpoint;
    private DmaPort dma;

    private void build(boolean withAer) {
        ByteBuffer bridge = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        bridge.putInt(0, 0x1234_8086).putShort(4, (short) 6).putShort(6, (short) 0x10)
                .putInt(8, 0x0604_0000).put(0x0e, (byte) 1).putInt(0x18, 0x00_0101_00)
                .put(0x34, (byte) EXPRESS).putInt(EXPRESS, 0x0042_0010);
        if (withAer) {
            bridge.putInt(AER, 0x0001_0001).putInt(AER + 0x14, 0x2000);
        }
        ByteBuffer card = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        card.putInt(0, 0x5678_8086).putShort(4, (short) 6).putInt(8, 0x0200_0000);
        var fabric = new PcieFabricFactory().build(
                List.of(new FunctionConfig(PORT, bridge.array()),
                        new FunctionConfig(ENDPOINT, card.array())), root, (function, way) -> {
                            if (function.requesterId() == ENDPOINT) {
                                dma = way;
                            }
                            return null;
                        });
        port = fabric.function(PORT);
        endpoint = fabric.function(ENDPOINT);
        root.answer(CompletionStatus.UNSUPPORTED_REQUEST);
    }

    private void write() {
        dma.write(0x12_3456_7890L, new byte[4], 0, 4);
    }

    private int errors() {
        return root.systemErrors().size();
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 0, 0", "8, 2, 0, 0", "0xa, 0, 0, 0", "0xa, 2, 0, 1", "2, 2, 0, 0",
        "8, 2, 0x100, 1", "0, 2, 0x100, 0", "0xa, 4, 0, 0", "0xa, 1, 0, 0"})
    void aWriteIsASystemErrorOnlyWithAllGatesOpen(String deviceControl, String rootControl,
            String command, int errors) {
        build(false);
        port.writeConfig(DEVICE_CONTROL, 2, Integer.decode(deviceControl));
        port.writeConfig(ROOT_CONTROL, 2, Integer.decode(rootControl));
        port.writeConfig(4, 2, 6 | Integer.decode(command));
        write();
        assertThat(errors()).isEqualTo(errors);
        assertThat(port.readConfig(DEVICE_STATUS, 2)).as("non-fatal, UR").isEqualTo(0x0a);
    }

    @Test
    void aReadIsAdvisoryAndItsRequesterHearsOfIt() {
        build(true);
        port.writeConfig(DEVICE_CONTROL, 2, 0xf);
        port.writeConfig(ROOT_CONTROL, 2, 7);
        dma.read(0x1000, new byte[4], 0, 4);
        assertThat(errors()).as("advisory errors are masked").isZero();
        assertThat(endpoint.readConfig(6, 2) & 0xf000).as("Received Master Abort")
                .isEqualTo(0x2000);
        assertThat(port.readConfig(0x1e, 2) & 0xf000).isEqualTo(0x2000);
        port.writeConfig(AER + 0x14, 4, 0);
        dma.read(0x1000, new byte[4], 0, 4);
        assertThat(errors()).isEqualTo(1);
        assertThat(port.readConfig(AER + 0x10, 4)).isEqualTo(0x2000);
        assertThat(port.readConfig(AER + 0x30, 4) & 1).as("ERR_COR received").isEqualTo(1);
        assertThat(port.readConfig(AER + 0x34, 2)).as("who has detected it").isEqualTo(PORT);
    }

    @Test
    void anAbortOfTheCompleterIsReceivedAsOne() {
        build(false);
        root.answer(CompletionStatus.COMPLETER_ABORT);
        dma.read(0x1000, new byte[4], 0, 4);
        assertThat(endpoint.readConfig(6, 2) & 0xf000).isEqualTo(0x1000);
        endpoint.writeConfig(6, 2, 0x1000);
        assertThat(endpoint.readConfig(6, 2) & 0xf000).as("cleared by a one").isZero();
    }

    @Test
    void theFirstErrorIsLoggedWithItsHeaderAndLivesThroughAReset() {
        build(true);
        write();
        dma.write(0x9999_0000L, new byte[4], 0, 4);
        assertThat(port.readConfig(AER + 0x04, 4)).isEqualTo(UR);
        assertThat(port.readConfig(AER + 0x18, 1) & 0x1f).isEqualTo(20);
        assertThat(port.readConfig(AER + 0x20, 4)).isEqualTo(ENDPOINT << 16);
        assertThat(port.readConfig(AER + 0x24, 4)).isEqualTo(0x12);
        assertThat(port.readConfig(AER + 0x28, 4)).isEqualTo(0x3456_7890);
        port.writeConfig(AER + 0x08, 4, UR);
        port.writeConfig(DEVICE_CONTROL, 2, 0x8000);
        assertThat(port.readConfig(AER + 0x04, 4)).as("sticky").isEqualTo(UR);
        assertThat(port.readConfig(AER + 0x08, 4)).as("sticky").isEqualTo(UR);
        port.writeConfig(AER + 0x04, 4, UR);
        assertThat(port.readConfig(AER + 0x04, 4)).isZero();
    }

    @Test
    void anErrorThatIsMaskedLeavesItsStatusAndNothingElse() {
        build(true);
        port.writeConfig(AER + 0x08, 4, UR);
        port.writeConfig(DEVICE_CONTROL, 2, 0xf);
        port.writeConfig(ROOT_CONTROL, 2, 7);
        write();
        assertThat(errors()).isZero();
        assertThat(port.readConfig(AER + 0x04, 4)).isEqualTo(UR);
        assertThat(port.readConfig(AER + 0x28, 4)).isZero();
        assertThat(port.readConfig(AER + 0x30, 4)).isZero();
    }

    @Test
    void severityIsWhatSoftwareChose() {
        build(true);
        port.writeConfig(AER + 0x0c, 4, UR);
        port.writeConfig(DEVICE_CONTROL, 2, 0xc);
        port.writeConfig(ROOT_CONTROL, 2, 4);
        write();
        assertThat(errors()).isEqualTo(1);
        assertThat(port.readConfig(AER + 0x30, 4)).as("fatal, first fatal, uncorrectable")
                .isEqualTo(0x54);
        assertThat(port.readConfig(AER + 0x36, 2)).as("who has detected it").isEqualTo(PORT);
        write();
        assertThat(port.readConfig(AER + 0x30, 4)).as("more than one").isEqualTo(0x5c);
    }

    @Test
    void aBridgeThatIsClosedAnswersByItselfAndReportsNothing() {
        build(true);
        port.writeConfig(4, 2, 2);
        assertThat(dma.read(0x1000, new byte[4], 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        write();
        assertThat(endpoint.readConfig(6, 2) & 0xf000).isEqualTo(0x2000);
        assertThat(port.readConfig(0x1e, 2) & 0xf000).isZero();
        assertThat(port.readConfig(DEVICE_STATUS, 2)).isZero();
        assertThat(port.readConfig(AER + 0x04, 4)).isZero();
    }

    /** Behind every system error stands an open chain, and any gate of it stops it. */
    @Seeds
    void closingAnyGateRemovesTheError(long seed) {
        var random = new RandomStream(seed, "gates");
        for (int round = 0; round < 200; round++) {
            build(random.oneIn(2));
            int[] gates = {(int) random.between(0, 16), (int) random.between(0, 8),
                    random.oneIn(2) ? 0x106 : 6, random.oneIn(2) ? UR : 0,
                    random.oneIn(2) ? UR : 0};
            if (!raises(gates)) {
                continue;
            }
            int severity = gates[4] != 0 && port.readConfig(AER, 2) == 1 ? 2 : 1;
            boolean byEnable = (gates[0] >>> severity & 1) != 0;
            boolean bySerr = gates[2] == 0x106;
            assertThat(byEnable || bySerr).isTrue();
            assertThat(raises(new int[] {gates[0] & ~8, gates[1], gates[2], gates[3], gates[4]}))
                    .as("UR reporting").isFalse();
            assertThat(raises(new int[] {gates[0], gates[1] & ~(1 << severity), gates[2],
                    gates[3], gates[4]})).as("root control").isFalse();
            assertThat(raises(new int[] {gates[0] & ~(1 << severity), gates[1], 6, gates[3],
                    gates[4]})).as("severity reporting and SERR#").isFalse();
            if (port.readConfig(AER, 2) == 1) {
                assertThat(raises(new int[] {gates[0], gates[1], gates[2], UR, gates[4]}))
                        .as("AER mask").isFalse();
            }
        }
    }

    private boolean raises(int[] gates) {
        port.writeConfig(DEVICE_CONTROL, 2, gates[0]);
        port.writeConfig(ROOT_CONTROL, 2, gates[1]);
        port.writeConfig(4, 2, gates[2]);
        port.writeConfig(AER + 0x08, 4, gates[3]);
        port.writeConfig(AER + 0x0c, 4, gates[4]);
        root.clear();
        int before = errors();
        write();
        return errors() > before;
    }
}
