// SPDX-License-Identifier: Apache-2.0
package devices.pcie.fabric;

import static devices.pcie.fabric.Functions.bridge;
import static devices.pcie.fabric.Functions.endpoint;
import static devices.pcie.fabric.Functions.translating;
import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Access;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DmaPort;
import iommu.api.pcie.Fabric;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.pcie.TranslationCompletion;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.Request;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The ways of translation requests, translated requests and invalidations through the fabric. */
class TranslationServicesTest {

    private static final int ROOT_PORT = 4;
    private static final int ENABLE = 0x8000;
    private static final int CONTROL = 0x146;
    private static final int COMMAND = 4;
    private static final int BRIDGE_CONTROL = 0x3e;
    private static final int BUS_RESET = 0x40;
    private static final int DEVICE_CONTROL = 0x48;
    private static final int FUNCTION_RESET = 0x8000;

    private final List<String> told = new ArrayList<>();
    private final RecordingUpstream root = new RecordingUpstream();
    private boolean answers = true;
    private boolean present = true;
    private DmaPort port;

    private final class Told implements Device {
        @Override
        public int readRegister(int offset) {
            return 0;
        }

        @Override
        public void writeRegister(int offset, int value) { }

        @Override
        public void reset() {
            told.add("reset");
        }

        @Override
        public boolean present() {
            return present;
        }

        @Override
        public void translationEnabled(boolean enabled) {
            told.add("enabled " + enabled);
        }

        @Override
        public boolean invalidate(int pasid, long address, int shift, int tag) {
            told.add("invalidate " + pasid + " " + Long.toHexString(address) + " " + shift);
            return answers;
        }
    }

    @BeforeEach
    void translateEverything() {
        root.translations((address, access) -> TranslationCompletion.of(0x7000, 12, access));
    }

    private Fabric fabric(FunctionConfig above, FunctionConfig function) {
        return new PcieFabricFactory().build(
                above == null ? List.of(function) : List.of(above, function), root,
                (f, dma) -> {
                    if (f.requesterId() != function.requesterId()) {
                        return null;
                    }
                    port = dma;
                    return new Told();
                });
    }

    private Fabric behindPort(int control) {
        return fabric(bridge("00:02.0", 1, ROOT_PORT), translating("01:00.0", control));
    }

    private static PciFunction in(Fabric fabric, String id) {
        return fabric.function(RequesterId.parse(id));
    }

    private void sendAll() {
        byte[] data = new byte[4];
        port.translationRequest(0x1000, Access.READ | Access.WRITE);
        assertThat(port.readTranslated(0x7000, 0x1000, data, 0, 4) == CompletionStatus.SUCCESS)
                .isEqualTo(root.brief().contains("translated read 7000 for 1000"));
        port.writeTranslated(0x7004, 0x1004, data, 0, 4);
    }

    @Test
    void anEnabledFunctionSendsBothKinds() {
        behindPort(ENABLE);
        assertThat(port.translationEnabled()).isTrue();
        assertThat(TranslationCompletion.address(port.translationRequest(0x1000, Access.READ)))
                .isEqualTo(0x7000);
        assertThat(root.brief()).containsExactly("translation 1000 r");
        root.clear();
        sendAll();
        assertThat(root.brief()).containsExactly("translation 1000 rw",
                "translated read 7000 for 1000", "translated write 7004 for 1004");
        assertThat(root.requests()).extracting(Request::alias).containsOnly(0x100);
    }

    @ParameterizedTest(name = "{0} bytes of config space, control {1}")
    @CsvSource({"4096, 0", "4096, 0x1f", "256, 0x8000"})
    void aFunctionWithoutServicesOrWithTheSwitchOffSendsNeither(int bytes, int control) {
        byte[] config = translating("01:00.0", control).config();
        fabric(null, new FunctionConfig(0x100, java.util.Arrays.copyOf(config, bytes)));
        assertThat(port.translationEnabled()).isFalse();
        byte[] data = new byte[4];
        assertThat(port.translationRequest(0x1000, Access.READ))
                .isEqualTo(TranslationCompletion.unsupportedRequest());
        assertThat(port.readTranslated(0x7000, 0x1000, data, 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(data).containsOnly(0xff);
        assertThat(port.writeTranslated(0x7000, 0x1000, data, 0, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(root.brief()).isEmpty();
    }

    @ParameterizedTest(name = "bridge of type {0}")
    @CsvSource({"-1", "7", "8"})
    void behindABridgeThatGivesAnotherIdThereAreNone(int expressType) {
        fabric(bridge("00:05.0", 6, expressType), translating("06:01.0", ENABLE));
        assertThat(port.translationEnabled()).isFalse();
        sendAll();
        assertThat(root.brief()).isEmpty();
    }

    @ParameterizedTest(name = "{0} {1} = {2}")
    @CsvSource({"01:00.0, 4, 2", "00:02.0, 4, 2", "00:02.0, 0x3e, 0x40"})
    void theGatesAreThoseOfAllRequests(String id, String at, String value) {
        Fabric fabric = behindPort(ENABLE);
        in(fabric, id).writeConfig(Integer.decode(at), 2, Integer.decode(value));
        sendAll();
        assertThat(root.brief()).isEmpty();
    }

    @Test
    void aFunctionThatMayNotMasterTheBusMayNotTranslateEither() {
        PciFunction function = in(behindPort(ENABLE), "01:00.0");
        function.writeConfig(COMMAND, 2, 2);
        assertThat(port.translationEnabled()).isFalse();
        function.writeConfig(COMMAND, 2, 6);
        assertThat(port.translationEnabled()).isTrue();
        assertThat(told).as("its translations stay").isEmpty();
    }

    @Test
    void aBlockedTranslatedReadGivesOnesAndABlockedWriteIsNotTold() {
        behindPort(ENABLE);
        root.answer(CompletionStatus.UNSUPPORTED_REQUEST);
        byte[] data = new byte[8];
        assertThat(port.readTranslated(0x7000, 0x1000, data, 4, 4))
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(data).containsExactly(0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff);
        assertThat(port.writeTranslated(0x7000, 0x1000, data, 0, 4))
                .isEqualTo(CompletionStatus.SUCCESS);
    }

    @Test
    void enableAndUnitAreWritableAndTheDeviceIsToldOfChanges() {
        PciFunction function = in(behindPort(0), "01:00.0");
        function.writeConfig(CONTROL, 2, 0xffff);
        assertThat(function.readConfig(CONTROL, 2)).isEqualTo(0x801f);
        assertThat(function.readConfig(0x144, 2)).as("capability").isEqualTo(0x0025);
        function.writeConfig(CONTROL, 2, ENABLE);
        function.writeConfig(0x144, 4, 0);
        assertThat(told).containsExactly("enabled true", "enabled false");
        assertThat(port.translationEnabled()).isFalse();
    }

    @Test
    void resetsSwitchTheServicesOff() {
        Fabric fabric = behindPort(ENABLE);
        in(fabric, "01:00.0").writeConfig(DEVICE_CONTROL, 2, FUNCTION_RESET);
        assertThat(in(fabric, "01:00.0").readConfig(CONTROL, 2)).isZero();
        in(fabric, "01:00.0").writeConfig(CONTROL, 2, ENABLE);
        in(fabric, "00:02.0").writeConfig(BRIDGE_CONTROL, 2, BUS_RESET);
        in(fabric, "00:02.0").writeConfig(BRIDGE_CONTROL, 2, 0);
        assertThat(in(fabric, "01:00.0").readConfig(CONTROL, 2)).isZero();
        assertThat(told).containsExactly("reset", "enabled true", "reset");
    }

    @Test
    void invalidationsReachTheDeviceWhateverBusMasteringIs() {
        PciFunction function = in(behindPort(ENABLE), "01:00.0");
        function.writeConfig(COMMAND, 2, 0);
        function.invalidateTranslations(-1, 0x4000, 13, 5);
        assertThat(told).containsExactly("invalidate -1 4000 13");
        assertThat(root.brief()).containsExactly("invalidation completed 5");
    }

    @Test
    void theDeviceMayAnswerLater() {
        answers = false;
        PciFunction function = in(behindPort(ENABLE), "01:00.0");
        function.invalidateTranslations(-1, 0, 64, 7);
        assertThat(root.brief()).isEmpty();
        port.invalidationCompleted(7);
        assertThat(root.brief()).containsExactly("invalidation completed 7");
        present = false;
        port.invalidationCompleted(8);
        assertThat(root.brief()).as("an answer of a device that is gone").hasSize(1);
    }

    @Test
    void aFunctionWhoseSwitchIsOffAnswersForItself() {
        PciFunction function = in(behindPort(0), "01:00.0");
        function.invalidateTranslations(-1, 0, 64, 3);
        assertThat(told).isEmpty();
        assertThat(root.brief()).containsExactly("invalidation completed 3");
    }

    @Test
    void nobodyAnswersWhereThereIsNoCacheOrNoWay() {
        in(fabric(null, endpoint("00:03.0")), "00:03.0").invalidateTranslations(-1, 0, 64, 1);
        Fabric fabric = behindPort(ENABLE);
        in(fabric, "00:02.0").writeConfig(BRIDGE_CONTROL, 2, BUS_RESET);
        in(fabric, "01:00.0").invalidateTranslations(-1, 0, 64, 2);
        present = false;
        in(behindPort(ENABLE), "01:00.0").invalidateTranslations(-1, 0, 64, 3);
        assertThat(root.brief()).isEmpty();
    }

    @Test
    void aDeviceThatWasPulledOutReadsOnesTakesNoWritesAndSendsNothing() {
        PciFunction function = in(behindPort(ENABLE), "01:00.0");
        present = false;
        assertThat(function.readConfig(0, 4)).isEqualTo(-1);
        assertThat(function.readConfig(0, 2)).isEqualTo(0xffff);
        assertThat(function.readRegister(0, 0, 4)).isEqualTo(0xffff_ffffL);
        function.writeConfig(CONTROL, 2, 0);
        assertThat(told).isEmpty();
        sendAll();
        assertThat(root.brief()).isEmpty();
    }
}
