// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

import org.osgi.annotation.versioning.ConsumerType;

/** The kernel's driver of one device. It acts only through its {@link DriverPort}. One thread. */
@ConsumerType
public interface DeviceDriver {

    /**
     * Maps what the driver keeps mapped for its device as long as its kernel runs, in the order in
     * which it allocates that as it binds: called by a kernel that boots on a machine that was
     * never captured, while the device stands still. What the machine has beyond that is mapped
     * after it, page by page.
     *
     * @param pages that the driver keeps and its device may read and write, as the machine says
     * @return how many of these it has mapped; 0 where it has no order of its own, or takes more
     */
    default int bind(int pages) {
        return 0;
    }

    /**
     * Takes a device that is already running under this kernel, as imported: lays its ring and its
     * requests into the mapped pages of {@code workload}.
     *
     * @param seed of the choices it makes
     */
    void start(Workload workload, long seed);

    /**
     * Looks after finished requests and posts new ones; called again and again while the kernel
     * runs.
     *
     * @return nanoseconds until it wants to be called again; 0 for never
     */
    long service();

    /**
     * Does what the kernel itself does with devices of this kind before any driver is loaded, in
     * the final fixups of T5b: nothing, as a rule. USB controllers are taken from the firmware and
     * halted, whether or not the kernel has a driver for them.
     *
     * <p>Source: Linux, pci-quirks.c of USB, quirk_usb_early_handoff.
     */
    default void finalFixup() { }

    /**
     * Takes an unknown device over: resets it, lets it do DMA, and tries it out.
     *
     * @return null, or why the device is of no use
     */
    String probe();

    /**
     * Writes memory to the device's medium and waits for it.
     *
     * @param physicalAddress of the bytes; within one page
     * @param position number of the first sector on a disk, or of the frame
     * @return null, or why it failed
     */
    String write(long physicalAddress, int bytes, long position);

    /**
     * Returns whether the driver can bring its device back after an uncorrectable error.
     *
     * <p>Source: Linux, struct pci_error_handlers.
     */
    default boolean recovers() {
        return false;
    }

    /**
     * Takes the device after a reset of its link that an error led to; its header is as it was.
     *
     * @return null, or why the device is of no use any more
     */
    default String slotReset() {
        return probe();
    }

    /**
     * Does what the driver does with its device before the machine restarts: nothing, as a rule, if
     * {@link #probe} has failed. Translation is on as the kernel has it. A wait that the kernel
     * bounds is over then; of one that it does not bound, {@link DriverPort#WITHOUT_BOUND_NANOS}
     * pass before the driver gives the machine up.
     *
     * <p>Source: Linux, device_shutdown, pci_device_shutdown.
     *
     * @return null once it is done, or what it waits for that never comes: the machine does not
     *     restart then
     */
    default String shutdown() {
        return null;
    }
}
