// SPDX-License-Identifier: Apache-2.0
package iommu.api.trace;

/**
 * Kinds of events, with what the actor, the two words and the detail of each are. An actor is a
 * requester id for what functions do, the index of a unit for what units do, {@link Trace#NOBODY}
 * for kernels.
 */
public enum EventKind {

    // ---- the hand-over --------------------------------------------------------------------------

    /** A phase begins. a: its ordinal in {@code iommu.api.kdump.Phase}. */
    PHASE,
    /**
     * Another policy decides from here on, or refuses to. Detail: which, a sentence.
     */
    POLICY_CHANGE,
    /** The policy is asked. Detail: the {@code iommu.api.kdump.HandoverEvent}. */
    POLICY_EVENT,
    /** A step of the policy begins. Detail: the {@code iommu.api.kdump.Step}. */
    STEP,
    /** A step was refused. Detail: why, a sentence of whoever refused. */
    STEP_REFUSED,
    /** The kernel panics. Detail: the sentence that it dies with. */
    PANIC,

    // ---- kernels --------------------------------------------------------------------------------

    /**
     * A kernel prints. a: ordinal of the {@link ConsoleLine}. b: the requester that the line is
     * about, -1 for none. Detail: the line.
     */
    CONSOLE,
    /** A kernel writes a unit's register. a: offset, bytes in 63:32. b: value. */
    REGISTER_WRITE,
    /** A kernel writes config space of a function. a: offset, bytes in 63:32. b: value. */
    CONFIG_WRITE,
    /** A kernel maps a page for a function. a: iova. b: physical address. */
    MAP,
    /** A kernel unmaps a page of a function. a: iova. */
    UNMAP,
    /** A driver hands a request to its device that will reach a medium. a: number. b: medium. */
    POSTED,
    /** A driver begins to probe a function. */
    PROBE,
    /** A driver has probed. Detail: why the device is of no use; null if it is. */
    PROBED,
    /** The dump begins; the actor is its target. */
    DUMP,
    /**
     * A page of old memory is read for the dump. a: its address. b: where a processor finds it, if
     * that is elsewhere, -1 for nowhere; otherwise 0.
     */
    DUMP_PAGE,
    /** The dump ended. a: pages written. b: pages wanted. Detail: why no more; null if all. */
    DUMPED,
    /** The kernel begins to restart the machine. */
    RESTART,
    /** A driver begins to shut its function down. */
    SHUTDOWN,
    /** It has done so. Detail: what it waits for in vain; null if nothing. */
    SHUT_DOWN,
    /** The machine restarts: nothing goes on. */
    RESTARTED,
    /** The processor takes an interrupt. a: vector. b: whether it was set up. */
    INTERRUPT,
    /**
     * A kernel's service of a port has taken an error. The actor is the function that detected it.
     * a: the port. Detail: which error, and what came of it.
     */
    ERROR_TAKEN,
    /**
     * An interrupt goes to a processor that nothing runs on. a: vector. b: destination, logical if
     * bit 63 is set.
     */
    INTERRUPT_ELSEWHERE,
    /**
     * A kernel masks an interrupt line that nobody handles. The actor is the function that asserts
     * it. a: the input of the I/O APIC.
     */
    LINE_MASKED,
    /**
     * A kernel writes an entry of an interrupt controller. The actor is the id that its messages
     * carry. a: number of the input. b: the entry.
     */
    CONTROLLER_WRITE,
    /**
     * A kernel has looked whether interrupts of an input arrive. The actor is the id that the
     * controller's messages carry. a: number of the input. b: how many came, bit 63 set if too few.
     */
    INPUT_CHECKED,

    // ---- units ----------------------------------------------------------------------------------

    /**
     * A unit blocked a request. a: address. b: the function that made it, 31:0, and whether the
     * unit recorded it, 32. Detail: the {@code iommu.api.unit.FaultRecord}.
     */
    FAULT,
    /** A unit switched translation. a: 1 on, 0 off. */
    TRANSLATION,
    /** A unit dropped cached translations. Detail: which, in the manual's words. */
    INVALIDATION,
    /** A unit writes memory by itself: logs, queues, status. Stands for all that it writes. */
    UNIT_WRITES,
    /** A unit sent the interrupt that announces faults. */
    FAULT_INTERRUPT,

    // ---- functions and the root complex ---------------------------------------------------------

    /** A device begins to work on a request. a: number since the last reset. b: token. */
    REQUEST,
    /** A device goes on with a request. b: token. */
    RESUMED,
    /** A function reads memory. a: bus address. b: see {@link DmaOutcome}. */
    DMA_READ,
    /** A function writes memory. a: bus address. b: see {@link DmaOutcome}. */
    DMA_WRITE,
    /** An input of an interrupt controller is asserted. a: its number. */
    INPUT,
    /** A function sends an interrupt message. a: address. b: data, blocked in bit 63. */
    MESSAGE,
    /** Bytes reach a medium. a: position. b: medium in 63:32, bytes. */
    MEDIUM_WRITE,
    /** A device has dropped all its work: it was reset. */
    DEVICE_RESET,
    /** A root port raised a system error. Detail: the gates that were open, as spelt by it. */
    SYSTEM_ERROR,
    /**
     * A function detects an error because it was asked to. a: bits of Uncorrectable Error Status.
     * b: of Correctable Error Status.
     */
    ERROR_INJECTED,
    /** What a processor asks of a function is never completed. a: nanoseconds, -1 for ever. */
    REQUEST_TIMED_OUT
}
