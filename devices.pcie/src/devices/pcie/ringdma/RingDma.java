// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ringdma;

import devices.pcie.ats.TranslatedDma;
import devices.pcie.link.DeviceOptions;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import java.util.Set;
import java.util.TreeSet;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * Puts a ring DMA engine behind every endpoint whose class does DMA: storage, network, display,
 * multimedia, wireless, encryption and signal processing, and serial buses but SMBus.
 *
 * <p>Options: those of {@link TranslatedDma}, and {@code goneFromNanos}, the instant at which the
 * device is pulled out of its slot, never if nothing is asked, {@code wedgesOnAbort}, whether an
 * aborted read is the end until the function is reset, 0 if nothing is asked, and {@code
 * masterToResetNanos}, how long its driver takes from bus mastering on to the reset, 3 ms if
 * nothing is asked.
 *
 * <p>Source of the class codes: PCI Code and ID Assignment Specification, "Class Codes".
 */
@Component(property = "service.ranking:Integer=0")
public final class RingDma implements DeviceModel {

    private static final int STORAGE = 0x01;
    private static final int NETWORK = 0x02;
    private static final int DISPLAY = 0x03;
    private static final int MULTIMEDIA = 0x04;
    private static final int SERIAL_BUS = 0x0c;
    private static final int SMBUS = 0x05;
    private static final int WIRELESS = 0x0d;
    private static final int ENCRYPTION = 0x10;
    private static final int SIGNAL_PROCESSING = 0x11;
    private static final int ACCELERATOR = 0x12;

    /** Settings of the bundle. */
    @interface Config {
        /**
         * Whether devices of any class may go round their rings for ever, as the seed says: for
         * experiments with more traffic than such devices make.
         */
        boolean anyClassStreams() default false;
    }

    private final boolean anyClassStreams;

    /** Makes the model of engines that go on for as long as devices of their class do. */
    @Activate
    public RingDma(Config config) {
        this(config.anyClassStreams());
    }

    /** Makes the model of engines any of which goes on for ever if its workload says so. */
    public RingDma() {
        this(true);
    }

    /**
     * Makes the model.
     *
     * @param anyClassStreams as in the settings
     */
    public RingDma(boolean anyClassStreams) {
        this.anyClassStreams = anyClassStreams;
    }

    @Override
    public String name() {
        return "ring-dma";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        if (function.headerType() != 0) {
            return false;
        }
        int subclass = function.classCode() >>> 8 & 0xff;
        return switch (function.classCode() >>> 16) {
            case STORAGE, NETWORK, DISPLAY, MULTIMEDIA, WIRELESS, ENCRYPTION, SIGNAL_PROCESSING,
                    ACCELERATOR -> true;
            case SERIAL_BUS -> subclass != SMBUS;
            default -> false;
        };
    }

    @Override
    public Set<String> options() {
        Set<String> names = new TreeSet<>(TranslatedDma.OPTIONS);
        names.add(DeviceOptions.GONE_FROM_NANOS);
        names.add(DeviceOptions.WEDGES_ON_ABORT);
        names.add(DeviceOptions.MASTER_TO_RESET_NANOS);
        names.add(DeviceContext.OPENS_INTERFACE);
        return names;
    }

    /** {@inheritDoc} What stands behind functions of other classes may be anything. */
    @Override
    public String activity(FunctionConfig function) {
        return switch (Duty.of(function.classCode(), anyClassStreams)) {
            case DISK -> "until what is posted is done";
            case WIRE -> "until its ring is used up";
            case SCHEDULE -> "until it is halted";
            case ANY -> null;
        };
    }

    @Override
    public Device device(DeviceContext context) {
        int classCode = context.function().classCode();
        return new RingEngine(context, classCode >>> 16 == STORAGE
                || Duty.of(classCode, anyClassStreams) == Duty.SCHEDULE);
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        return new RingDriver(port, port.function().classCode() >>> 16 == NETWORK,
                Duty.of(port.function().classCode(), anyClassStreams));
    }
}
