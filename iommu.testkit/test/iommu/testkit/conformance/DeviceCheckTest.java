// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.conformance;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.Medium;
import iommu.api.pcie.Workload;
import iommu.testkit.FakeFunction;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each rule finds the device that breaks it, in a little disk that may be wrong in many ways. */
class DeviceCheckTest {

    private static final int ADDRESS = 0x0;
    private static final int LENGTH = 0x4; // a write starts: from memory to sector 0
    private static final int RUN = 0x8;    // written: reads there, again and again

    private enum Fault { THROWS, LOOPS, FLOODS, CROSSES, COUNTS, GOES_ON, TELLS_NOTHING, FORCES,
        STRAYS, LOSES, FAILS, ACCEPTS_NOTHING }

    private static int started;

    private record Disk(Set<Fault> faults) implements DeviceModel {

        @Override
        public String name() {
            return "disk";
        }

        @Override
        public boolean accepts(FunctionConfig function) {
            return !faults.contains(Fault.ACCEPTS_NOTHING) && function.classCode() == 0x010000;
        }

        @Override
        public Device device(DeviceContext context) {
            return new Mover(context, faults);
        }

        @Override
        public DeviceDriver driver(DriverPort port) {
            return new Driver(port, faults);
        }
    }

    private static final class Mover implements Device {

        private final DeviceContext context;
        private final Set<Fault> faults;
        private final byte[] data = new byte[8192];
        private int address;
        private boolean runs;
        private int resets;

        Mover(DeviceContext context, Set<Fault> faults) {
            this.context = context;
            this.faults = faults;
        }

        @Override
        public int readRegister(int offset) {
            return offset == ADDRESS ? address + (faults.contains(Fault.COUNTS) ? started++ : 0)
                    : 0;
        }

        @Override
        public void writeRegister(int offset, int value) {
            if (offset == ADDRESS) {
                address = value & 0xfff_f000;
            } else if (offset == LENGTH) {
                move(value & 0xfff);
            } else if (offset == RUN && !runs) {
                runs = true;
                tick(resets);
            } else if (faults.contains(Fault.THROWS)) {
                throw new ArrayIndexOutOfBoundsException("mine");
            }
        }

        private void move(int bytes) {
            if (bytes > 0) {
                context.dma().read(Integer.toUnsignedLong(address), data, 0, bytes);
                context.store(Medium.BLOCKS, 0, data, 0,
                        faults.contains(Fault.LOSES) ? bytes / 2 : bytes);
            }
        }

        private void tick(int mine) {
            context.schedule(faults.contains(Fault.LOOPS) ? 0 : 100_000, () -> {
                if (mine == resets || faults.contains(Fault.GOES_ON)) {
                    request();
                    tick(mine);
                }
            });
        }

        private void request() {
            boolean crosses = faults.contains(Fault.CROSSES);
            for (int i = faults.contains(Fault.FLOODS) ? 2_000_000 : 1; i > 0; i--) {
                if (context.function().busMaster() || faults.contains(Fault.FORCES)) {
                    context.dma().read(Integer.toUnsignedLong(address), data, 0,
                            crosses ? 8192 : 64);
                }
            }
        }

        @Override
        public void reset() {
            address = 0;
            runs = false;
            resets++;
            if (!faults.contains(Fault.TELLS_NOTHING)) {
                context.dropped();
            }
        }
    }

    private record Driver(DriverPort port, Set<Fault> faults) implements DeviceDriver {

        private void write(int register, long value) {
            port.function().writeRegister(0, register, 4, value);
        }

        @Override
        public void start(Workload workload, long seed) {
            write(ADDRESS, faults.contains(Fault.STRAYS) ? 0 : workload.rings().get(0).iova());
            write(RUN, 1);
        }

        @Override
        public long service() {
            return 1_000_000;
        }

        @Override
        public String probe() {
            if (faults.contains(Fault.FAILS)) {
                return "not today";
            }
            write(ADDRESS, port.allocatePage());
            return null;
        }

        @Override
        public String write(long physicalAddress, int bytes, long position) {
            write(ADDRESS, physicalAddress);
            write(LENGTH, bytes);
            write(ADDRESS, port.allocatePage());
            return null;
        }
    }

    private static DeviceCheck of(Fault... faults) {
        Set<Fault> all = EnumSet.noneOf(Fault.class);
        all.addAll(Set.of(faults));
        return new DeviceCheck(new Disk(all), () -> new FakeFunction(0x100, 0x010000));
    }

    private static Consumer<DeviceCheck> rule(String name) {
        return switch (name) {
            case "accepts" -> DeviceCheck::accepts;
            case "takesEveryAccess" -> DeviceCheck::takesEveryAccess;
            case "isSilentAfterAReset" -> DeviceCheck::isSilentAfterAReset;
            case "restsWhileItIsNoBusMaster" -> DeviceCheck::restsWhileItIsNoBusMaster;
            case "staysInItsMemory" -> DeviceCheck::staysInItsMemory;
            default -> DeviceCheck::isTakenOver;
        };
    }

    @ParameterizedTest
    @CsvSource({"ACCEPTS_NOTHING, accepts, does not accept its own function",
        "THROWS, takesEveryAccess, ArrayIndexOutOfBoundsException: mine",
        "COUNTS, takesEveryAccess, runs otherwise the second time",
        "LOOPS, staysInItsMemory, works without end",
        "FLOODS, staysInItsMemory, more requests than any device sends at once",
        "CROSSES, staysInItsMemory, crosses no boundary of 4 KiB",
        "STRAYS, staysInItsMemory, not mapped for the device",
        "GOES_ON, isSilentAfterAReset, requests by itself",
        "TELLS_NOTHING, isSilentAfterAReset, a reset is not told",
        "FORCES, restsWhileItIsNoBusMaster, still tries",
        "FAILS, isTakenOver, 'the probe fails: not today'",
        "LOSES, isTakenOver, is not on the medium"})
    void aRuleFindsWhoBreaksIt(Fault fault, String rule, String found) {
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> rule(rule).accept(of(fault))).withMessageContaining(found);
    }

    @Test
    void whoBreaksNoneHasThemAll() {
        for (String rule : new String[] {"accepts", "takesEveryAccess", "isSilentAfterAReset",
            "restsWhileItIsNoBusMaster", "staysInItsMemory", "isTakenOver"}) {
            assertThatCode(() -> rule(rule).accept(of())).as(rule).doesNotThrowAnyException();
        }
    }
}
