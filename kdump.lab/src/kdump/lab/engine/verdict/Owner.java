// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.verdict;

/** Who stands behind a write of memory. */
enum Owner {
    /** Nobody known, or somebody before the crash. */
    NOBODY,
    /** A request posted before the crash, going where the crashed kernel's tables sent it. */
    LATE_LEGITIMATE,
    /** A request posted before the crash, going anywhere else. */
    STRAY,
    /** A request of a device that the capture kernel has reset and programmed. */
    CAPTURE_DEVICE,
    /** A kernel, handing over. */
    KERNEL,
    /** A remapping unit that logs what it blocked, wherever its log lies. */
    UNIT
}
