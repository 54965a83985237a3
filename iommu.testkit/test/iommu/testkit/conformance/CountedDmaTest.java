// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iommu.api.memory.AddressRange;
import iommu.api.memory.PhysicalMemory;
import iommu.api.pcie.Bar;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Workload;
import iommu.testkit.FakeFunction;
import iommu.testkit.RecordingUpstream;
import iommu.testkit.RootPort;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a port that counts lets through, and what devices get wrong before they do a thing. */
class CountedDmaTest {

    private static final int MASTER = 4;

    private final PhysicalMemory memory =
            PhysicalMemory.zeroed(List.of(new AddressRange(0, 1 << 20)));
    private final FakeFunction function = new FakeFunction(8, 0x010802);
    private final RecordingUpstream root = new RecordingUpstream(memory);
    private final CountedDma dma = new CountedDma(new RootPort(root, 8), function);
    private final byte[] bytes = new byte[8192];

    private void master(boolean on) {
        function.writeConfig(4, 2, on ? MASTER : 0);
    }

    // ---- sizes ----------------------------------------------------------------------------------

    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({"0x1000, 1", "0x1000, 4096", "0x1fff, 1", "0x1800, 2048", "0, 4096"})
    void aRequestWithinAPagePasses(String address, int count) {
        long at = Long.decode(address);
        Arrays.fill(bytes, (byte) 0x5a);
        assertThat(dma.write(at, bytes, 0, count)).isEqualTo(CompletionStatus.SUCCESS);
        byte[] back = new byte[count];
        assertThat(dma.read(at, back, 0, count)).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(back).containsOnly(0x5a);
        assertThat(dma.tried()).isEqualTo(2);
    }

    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({"0x1000, 4097", "0x1fff, 2", "0x1800, 2049", "0x1000, 0", "0x1000, -1",
        "0x1001, 4096"})
    void oneThatCrossesAPageOrHasNoBytesIsFound(String address, int count) {
        String words = count + " bytes at " + address + ": a request crosses no boundary of 4 KiB";
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> dma.read(Long.decode(address), bytes, 0, count))
                .withMessage("a read of " + words);
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> dma.write(Long.decode(address), bytes, 0, count))
                .withMessage("a write of " + words);
        assertThat(root.requests()).isEmpty();
    }

    // ---- the gate -------------------------------------------------------------------------------

    @Test
    void withoutBusMasteringNothingGetsOnButIsCounted() {
        master(false);
        Arrays.fill(bytes, (byte) 1);
        assertThat(dma.read(0x1000, bytes, 4, 8)).isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(Arrays.copyOfRange(bytes, 3, 13))
                .containsExactly(1, -1, -1, -1, -1, -1, -1, -1, -1, 1);
        assertThat(dma.write(0x1000, bytes, 0, 8)).isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
        assertThat(root.requests()).isEmpty();
        assertThat(dma.tried()).isEqualTo(2);
        master(true);
        assertThat(dma.read(0x1000, bytes, 0, 8)).isEqualTo(CompletionStatus.SUCCESS);
        assertThat(dma.tried()).isEqualTo(3);
    }

    // ---- addresses ------------------------------------------------------------------------------

    @ParameterizedTest(name = "{1} bytes at {0}")
    @CsvSource({"0x2000, 8, true", "0x2ff8, 8, true", "0x1fff, 1, false", "0x3000, 1, false",
        "0, 4096, false", "0xfee00000, 4, true", "0xfeeffffc, 4, true", "0xfef00000, 4, false",
        "0xfedffffc, 4, false"})
    void onlyWhatIsMappedIsReachedAndMessages(String address, int count, boolean allowed) {
        dma.only(a -> a >= 0x2000 && a < 0x3000);
        long at = Long.decode(address);
        if (allowed) {
            assertThatCode(() -> dma.write(at, bytes, 0, count)).doesNotThrowAnyException();
        } else {
            assertThatExceptionOfType(AssertionError.class)
                    .isThrownBy(() -> dma.write(at, bytes, 0, count)).withMessage("a write of "
                            + count + " bytes at " + address.replaceFirst("^0$", "0x0")
                            + ": not mapped for the device");
        }
        master(false);
        assertThat(dma.write(at, bytes, 0, count)).as("what goes nowhere may go anywhere")
                .isEqualTo(CompletionStatus.UNSUPPORTED_REQUEST);
    }

    @Test
    void bothEndsOfARequestAreLookedAt() {
        dma.only(a -> a < 0x2080);
        assertThat(dma.read(0x2000, bytes, 0, 128)).isEqualTo(CompletionStatus.SUCCESS);
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> dma.read(0x2000, bytes, 0, 129))
                .withMessage("a read of 129 bytes at 0x2000: not mapped for the device");
    }

    // ---- numbers --------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0}")
    @CsvSource({"0", "1", "5"})
    void moreThanAreAllowedAtOnceAreFound(int most) {
        dma.read(0, bytes, 0, 1);
        dma.atMost(most);
        for (int i = 0; i < most; i++) {
            dma.read(0, bytes, 0, 1);
        }
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> dma.read(0x10, bytes, 0, 1)).withMessage(
                        "more requests than any device sends at once, a read of 1 bytes at 0x10");
        dma.atMost(Long.MAX_VALUE);
        assertThat(dma.read(0, bytes, 0, 1)).isEqualTo(CompletionStatus.SUCCESS);
    }

    @Test
    void programsThatDifferHaveDigestsThatDiffer() {
        long[] digests = new long[7];
        for (int i = 0; i < digests.length; i++) {
            var counted = new CountedDma(new RootPort(root, 8), function);
            byte[] data = {1, 2, 3, 4, 5, 6, 7, (byte) (i == 1 ? 9 : 8)};
            if (i == 2) {
                counted.read(0, bytes, 0, 8);
            } else {
                counted.write(i == 3 ? 16 : 0, data, 0, i == 4 ? 7 : 8);
            }
            if (i == 5) {
                counted.read(0, bytes, 0, 8);
            }
            digests[i] = counted.digest();
        }
        assertThat(Arrays.stream(digests).limit(6).distinct().count()).isEqualTo(6);
        assertThat(digests[6]).as("the same again").isEqualTo(digests[0]);
    }

    // ---- models that are wrong before they do anything ------------------------------------------

    /** Has a driver that does nothing, and a fault. */
    private record Idle(String fault) implements DeviceModel {

        @Override
        public String name() {
            return fault.equals("NAMELESS") ? null : fault.equals("BLANK") ? " " : "idle";
        }

        @Override
        public boolean accepts(FunctionConfig config) {
            if (fault.equals("READS_FAR")) {
                return config.config()[0xfff] == 0;
            }
            return config.classCode() == 0xff0000;
        }

        @Override
        public Set<String> options() {
            return fault.equals("NO_OPTIONS") ? null : Set.of();
        }

        @Override
        public String activity(FunctionConfig config) {
            if (fault.equals("KNOWS_ALL") && config.classCode() != 0xff0000) {
                throw new IllegalArgumentException("not mine");
            }
            return "idle";
        }

        @Override
        public Device device(DeviceContext context) {
            return new Device() {
                @Override
                public void reset() {
                    context.dropped();
                }

                @Override
                public List<Bar> bars() {
                    return fault.equals("NO_BARS") ? null : List.of();
                }
            };
        }

        @Override
        public DeviceDriver driver(DriverPort port) {
            return new DeviceDriver() {
                @Override
                public void start(Workload workload, long seed) { }

                @Override
                public long service() {
                    return 0;
                }

                @Override
                public String probe() {
                    return null;
                }

                @Override
                public String write(long physicalAddress, int count, long position) {
                    return "no medium";
                }

                @Override
                public String shutdown() {
                    return fault.equals("WAITS") ? "waited 5 s" : null;
                }
            };
        }
    }

    private static DeviceCheck of(String fault, int classCode) {
        return new DeviceCheck(new Idle(fault), () -> new FakeFunction(0x100, classCode));
    }

    @ParameterizedTest
    @CsvSource({"NAMELESS, the model has no name", "BLANK, the model has no name",
        "NO_OPTIONS, the model's options are null"})
    void aModelSaysWhatItIs(String fault, String found) {
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> of(fault, 0xff0000).accepts()).withMessage(found);
    }

    @Test
    void aModelLooksAtWhateverFunctionThereIs() {
        assertThatExceptionOfType(ArrayIndexOutOfBoundsException.class)
                .isThrownBy(() -> of("READS_FAR", 0xff0000).accepts());
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> of("KNOWS_ALL", 0xff0000).accepts()).withMessage("not mine");
    }

    @Test
    void aDeviceHasBarsOrNone() {
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> of("NO_BARS", 0xff0000).takesEveryAccess())
                .withMessage("the BARs are null");
        assertThatCode(() -> of("", 0xff0000).takesEveryAccess()).doesNotThrowAnyException();
    }

    @Test
    void aShutdownThatWaitsIsFound() {
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> of("WAITS", 0xff0000).isTakenOver())
                .withMessage("the shutdown waits: waited 5 s");
    }

    @Test
    void onlyStorageIsAskedToWrite() {
        assertThatCode(() -> of("", 0xff0000).isTakenOver()).doesNotThrowAnyException();
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> of("", 0x010000).isTakenOver())
                .withMessage("writing fails: no medium");
    }

    @Test
    void whoDoesNothingBreaksNoOtherRule() {
        DeviceCheck check = of("", 0xff0000);
        assertThatCode(() -> {
            check.accepts();
            check.isSilentAfterAReset();
            check.restsWhileItIsNoBusMaster();
            check.staysInItsMemory();
        }).doesNotThrowAnyException();
    }
}
