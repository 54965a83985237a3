// SPDX-License-Identifier: Apache-2.0
package kdump.policies.resetdevices;

import iommu.api.kdump.HandoverEvent;
import iommu.api.kdump.HandoverEvent.PhaseStart;
import iommu.api.kdump.HandoverNotes;
import iommu.api.kdump.HandoverPolicy;
import iommu.api.kdump.HandoverView;
import iommu.api.kdump.HandoverView.FunctionView;
import iommu.api.kdump.HandoverView.UnitView;
import iommu.api.kdump.KdumpPolicy;
import iommu.api.kdump.Step;
import iommu.api.kdump.TakeOver;
import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * At setup_arch, resets what lies below every root and downstream port, but leaves ports alone that
 * have a VGA controller below them; config space is saved before and restored once after. Then the
 * units are started clean; those whose interrupts share the tables are left alone until then.
 * Functions that sit on a root bus, or behind a bridge that is no such port, are not reached.
 *
 * <p>Source: T. Indoh, "Reset PCIe devices to address DMA problem on kdump with iommu", v3, October
 * 2012. Times: PCI Express Base Specification, "Conventional Reset" (1 ms at least; Linux takes 2)
 * and 100 ms before the first configuration request.
 */
@Component
@KdumpPolicy(name = "reset-devices")
public final class ResetDevices implements HandoverPolicy {

    /** Settings; the defaults are those of the specification and of Linux. */
    public @interface Config {
        /** How long the reset bit stays set, in milliseconds. */
        int resetMillis() default 2;

        /** How long devices are left alone afterwards, in milliseconds. */
        int settleMillis() default 100;
    }

    private static final int SECONDARY_BUS = 0x19;
    private static final int SUBORDINATE_BUS = 0x1a;
    private static final int BRIDGE_CONTROL = 0x3e;
    private static final int SECONDARY_BUS_RESET = 0x40;
    private static final int VGA = 0x0300;
    /** Dwords of the header that a reset clears, Command last so that BARs are right before it. */
    private static final int[] ENDPOINT_DWORDS =
            {0x0c, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x30, 0x3c, 0x04};
    private static final int[] BRIDGE_DWORDS =
            {0x0c, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x38, 0x3c, 0x04};

    private final long resetNanos;
    private final long settleNanos;

    /** Takes the settings. */
    @Activate
    public ResetDevices(Config config) {
        resetNanos = config.resetMillis() * 1_000_000L;
        settleNanos = config.settleMillis() * 1_000_000L;
    }

    @Override
    public List<Step> decide(HandoverEvent event, HandoverView view, HandoverNotes notes) {
        var steps = new ArrayList<Step>();
        if (event instanceof PhaseStart start) {
            switch (start.phase()) {
                case SETUP_ARCH -> reset(view, steps);
                case INTERRUPT_REMAPPING -> steps.addAll(TakeOver.interruptsApart(view));
                case DMA_REMAPPING -> {
                    for (UnitView unit : view.units()) {
                        steps.add(new Step.DisableTranslation(unit.index()));
                        steps.add(new Step.StartClean(unit.index()));
                    }
                }
                default -> { }
            }
        }
        return steps;
    }

    private void reset(HandoverView view, List<Step> steps) {
        List<FunctionView> ports = view.functions().stream()
                .filter(f -> ExpressPort.is(f, view) && !leadsToVga(f, view)).toList();
        if (ports.isEmpty()) {
            return;
        }
        var restore = new ArrayList<Step>();
        for (FunctionView function : view.functions()) {
            if (ports.stream().anyMatch(port -> isBelow(function, port, view))) {
                save(function, view, restore);
            }
        }
        ports.forEach(port -> steps.add(control(port, view, true)));
        steps.add(new Step.Sleep(resetNanos));
        ports.forEach(port -> steps.add(control(port, view, false)));
        steps.add(new Step.Sleep(settleNanos));
        steps.addAll(restore);
    }

    private static Step control(FunctionView port, HandoverView view, boolean reset) {
        int control = view.readConfig(port.requester(), BRIDGE_CONTROL, 2) & ~SECONDARY_BUS_RESET;
        return new Step.WriteConfig(port.requester(), BRIDGE_CONTROL, 2,
                reset ? control | SECONDARY_BUS_RESET : control);
    }

    private static void save(FunctionView function, HandoverView view, List<Step> restore) {
        for (int offset : function.headerType() == 1 ? BRIDGE_DWORDS : ENDPOINT_DWORDS) {
            restore.add(new Step.WriteConfig(function.requester(), offset, 4,
                    view.readConfig(function.requester(), offset, 4)));
        }
    }

    private static boolean leadsToVga(FunctionView port, HandoverView view) {
        return view.functions().stream()
                .anyMatch(f -> f.classCode() >>> 8 == VGA && isBelow(f, port, view));
    }

    private static boolean isBelow(FunctionView function, FunctionView port, HandoverView view) {
        int bus = function.requester() >>> 8;
        int segment = port.requester() >>> 16 << 8;
        return bus >= (segment | view.readConfig(port.requester(), SECONDARY_BUS, 1))
                && bus <= (segment | view.readConfig(port.requester(), SUBORDINATE_BUS, 1));
    }
}
