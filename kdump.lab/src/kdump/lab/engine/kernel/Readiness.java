// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.kernel;

import iommu.api.pcie.Capabilities;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.RequesterId;
import iommu.api.trace.ConsoleLine;
import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;

/**
 * How a kernel waits for a function that is not ready yet: with pauses of 1, 2, 4 ms and so on,
 * and no longer than a minute in all.
 *
 * <p>Source: Linux, pci_dev_wait, pci_bus_wait_rrs (before 6.12 pci_bus_wait_crs),
 * pci_enable_rrs_sv (before pci_enable_crs).
 */
public final class Readiness {

    private static final long MILLI = 1_000_000;
    private static final long MOST_MILLIS = 60_000;
    private static final long TOLD_MILLIS = 1_000;
    private static final int COMMAND = 0x04;
    private static final int PCI_SIG = 0x0001;
    private static final int ROOT_CONTROL = 0x1c;
    private static final int ROOT_CAPABILITIES = 0x1e;
    private static final int RETRY_VISIBLE = 0x0001;
    private static final int RETRY_VISIBLE_ENABLE = 0x0010;
    private static final int EXPRESS_TYPE = 0x00f0;
    private static final int ROOT_PORT = 0x0040;

    private Readiness() { }

    /**
     * Waits for a function after a reset: it is ready as soon as its Command register does not read
     * ones.
     *
     * @param reset which, for the console
     * @return false if it was given up
     */
    public static boolean awaitAfterReset(Kernel kernel, PciFunction function, String reset) {
        return await(kernel, function, millis -> millis + "ms after " + reset,
                () -> function.readConfig(COMMAND, 4) != -1);
    }

    /**
     * Waits for a function whose Vendor ID says that it is not ready, as enumeration finds it.
     *
     * @return false if it was given up
     */
    public static boolean awaitVendor(Kernel kernel, PciFunction function) {
        return await(kernel, function, millis -> "after " + millis + "ms",
                () -> function.readConfig(0, 2) != PCI_SIG);
    }

    private static boolean await(Kernel kernel, PciFunction function, LongFunction<String> when,
            BooleanSupplier ready) {
        long delay = 1;
        while (!ready.getAsBoolean()) {
            if (delay > MOST_MILLIS) {
                print(kernel, function, "not ready " + when.apply(delay - 1) + "; giving up");
                return false;
            }
            if (delay > TOLD_MILLIS) {
                print(kernel, function, "not ready " + when.apply(delay - 1) + "; waiting");
            }
            kernel.spend(delay * MILLI);
            delay *= 2;
        }
        if (delay > TOLD_MILLIS) {
            print(kernel, function, "ready " + when.apply(delay - 1));
        }
        return true;
    }

    private static void print(Kernel kernel, PciFunction function, String words) {
        kernel.print(ConsoleLine.NOTICE, function.requesterId(),
                "pci " + RequesterId.format(function.requesterId()) + ": " + words);
    }

    /**
     * Has a root port show software that a function is not ready, if it can: kernels do from 3.18
     * on (the version is from memory).
     */
    public static void showRetries(Kernel kernel, PciFunction port) {
        int at = Capabilities.find(port::readConfig, Capabilities.EXPRESS);
        if (at == 0 || !kernel.profile().version().atLeast(3, 18)
                || (port.readConfig(at + 2, 2) & EXPRESS_TYPE) != ROOT_PORT
                || (port.readConfig(at + ROOT_CAPABILITIES, 2) & RETRY_VISIBLE) == 0) {
            return;
        }
        port.writeConfig(at + ROOT_CONTROL, 2,
                port.readConfig(at + ROOT_CONTROL, 2) | RETRY_VISIBLE_ENABLE);
    }
}
