// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine;

/** Who wrote, as the causes of {@link Causes} say it. */
enum Owner {
    /** A request posted before the crash, going where the crashed kernel's tables sent it. */
    LATE_LEGITIMATE,
    /** A request posted before the crash, going anywhere else. */
    STRAY,
    /** A request of a device that the capture kernel has reset and programmed. */
    CAPTURE_DEVICE,
    /** The capture kernel itself. */
    CAPTURE_KERNEL,
    /** A remapping unit that logs what it blocked, wherever its log lies. */
    UNIT
}
