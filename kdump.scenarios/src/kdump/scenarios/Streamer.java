// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import iommu.api.kdump.Phase;
import iommu.api.pcie.Access;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DeviceModel;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;
import iommu.api.trace.Event;
import iommu.api.trace.EventKind;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.api.experiment.Experiment;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.ProbingDriver;
import kdump.scenarios.trial.Stage;
import kdump.scenarios.trial.Tale;

/**
 * A device that writes to one address for ever, until it is reset; its driver maps a page and resets
 * it, in the one order or the other.
 *
 * @param user requester id of the function that it stands behind
 * @param mapsFirst whether the driver maps before it resets, 50 ms earlier
 */
record Streamer(int user, boolean mapsFirst) implements DeviceModel {

    private static final int USER = 0x0200;
    private static final int ADDRESS_LOW = 0;
    private static final int ADDRESS_HIGH = 4;
    private static final int CONTROL = 8;
    private static final int COMMAND = 0x04;
    private static final int MEMORY_AND_BUS_MASTER = 0x06;
    private static final long PERIOD_NANOS = 200_000;
    private static final long MAP_TO_RESET_NANOS = 50_000_000;

    @Override
    public String name() {
        return "streamer";
    }

    @Override
    public boolean accepts(FunctionConfig function) {
        return function.requesterId() == user;
    }

    @Override
    public Device device(DeviceContext context) {
        return new Engine(context);
    }

    /** The device. */
    private static final class Engine implements Device {

        private final DeviceContext context;
        private long address;
        private boolean running;
        private long number;

        Engine(DeviceContext context) {
            this.context = context;
        }

        @Override
        public void writeRegister(int offset, int value) {
            switch (offset) {
                case ADDRESS_LOW -> address = address & -1L << 32 | Integer.toUnsignedLong(value);
                case ADDRESS_HIGH -> address = address & -1L >>> 32 | (long) value << 32;
                case CONTROL -> {
                    if (value == 0) {
                        reset();
                    } else if (!running) {
                        running = true;
                        context.schedule(PERIOD_NANOS, this::work);
                    }
                }
                default -> { }
            }
        }

        private void work() {
            if (running) {
                context.request(number++);
                context.dma().write(address, new byte[8], 0, 8);
                context.schedule(PERIOD_NANOS, this::work);
            }
        }

        @Override
        public void reset() {
            running = false;
            context.dropped();
        }
    }

    @Override
    public DeviceDriver driver(DriverPort port) {
        PciFunction function = port.function();
        return new ProbingDriver() {
            @Override
            public void start(Workload workload, long seed) {
                long iova = workload.rings().get(0).iova();
                function.writeRegister(0, ADDRESS_LOW, 4, iova & 0xffff_ffffL);
                function.writeRegister(0, ADDRESS_HIGH, 4, iova >>> 32);
                function.writeRegister(0, CONTROL, 4, 1);
            }

            @Override
            public String probe() {
                function.writeConfig(COMMAND, 2, MEMORY_AND_BUS_MASTER);
                if (mapsFirst) {
                    port.map(port.allocatePage(), 4096, Access.READ | Access.WRITE);
                    port.sleep(MAP_TO_RESET_NANOS);
                }
                function.writeRegister(0, CONTROL, 4, 0);
                if (!mapsFirst) {
                    port.map(port.allocatePage(), 4096, Access.READ | Access.WRITE);
                }
                return null;
            }
        };
    }

    // ---- the claims -----------------------------------------------------------------------------

    private static Tale tale(Stage stage, String policy, boolean mapsFirst) throws LabException {
        Experiment run = stage.experiment("vtd1", policy);
        return stage.tale(run.models(List.of(new Streamer(USER, mapsFirst))));
    }

    private static List<Event> faults(Tale tale) {
        return tale.events(EventKind.FAULT).filter(e -> (int) e.b() == USER).toList();
    }

    /** Tries that a driver which resets first leaves nothing to fault. */
    static Finding resetBeforeMap(Stage stage) throws LabException {
        Tale well = tale(stage, "copy-tables", false);
        Tale badly = tale(stage, "copy-tables", true);
        boolean atT7 = faults(badly).stream().allMatch(e -> badly.phase(e) == Phase.DRIVERS);
        return Finding.where(faults(well).isEmpty() && !faults(badly).isEmpty() && atT7
                        && well.busy().contains(USER), faults(well).size() + " faults of a driver"
                        + " that resets first, " + faults(badly).size() + " of one that maps first"
                        + (atT7 ? ", all at T7" : ""),
                "the driver resets its device before it maps anything for it",
                "the order made no difference");
    }

    /** Tries that the two ways differ after a device's first map, and not before. */
    static Finding asFarAs(Stage stage) throws LabException {
        Tale copied = tale(stage, "copy-tables", true);
        Tale kept = tale(stage, "keep-and-separate", true);
        int first = copied.events(EventKind.MAP).filter(e -> e.actor() == USER)
                .mapToInt(Event::id).findFirst().orElse(0);
        boolean later = faults(copied).stream().allMatch(e -> e.id() > first);
        return Finding.yes(!faults(copied).isEmpty() && faults(kept).isEmpty() && later,
                faults(copied).size() + " faults with a new, empty table, all "
                        + (later ? "" : "but some ") + "after the first map; "
                        + faults(kept).size() + " where old mappings are kept",
                "old mappings go, or stay, as the device's first page is mapped",
                "they do not differ there");
    }
}
