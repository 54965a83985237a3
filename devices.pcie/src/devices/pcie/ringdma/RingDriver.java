// SPDX-License-Identifier: Apache-2.0
package devices.pcie.ringdma;

import static devices.pcie.ringdma.RingLayout.ABORTED;
import static devices.pcie.ringdma.RingLayout.BUFFER;
import static devices.pcie.ringdma.RingLayout.CAUSE;
import static devices.pcie.ringdma.RingLayout.COMMAND;
import static devices.pcie.ringdma.RingLayout.COMPLETION;
import static devices.pcie.ringdma.RingLayout.CTRL;
import static devices.pcie.ringdma.RingLayout.DESCRIPTOR_BYTES;
import static devices.pcie.ringdma.RingLayout.DONE;
import static devices.pcie.ringdma.RingLayout.FRAME;
import static devices.pcie.ringdma.RingLayout.HALTED;
import static devices.pcie.ringdma.RingLayout.LENGTH;
import static devices.pcie.ringdma.RingLayout.PERIOD;
import static devices.pcie.ringdma.RingLayout.POSITION;
import static devices.pcie.ringdma.RingLayout.READS;
import static devices.pcie.ringdma.RingLayout.REQUEST_DONE;
import static devices.pcie.ringdma.RingLayout.RESET;
import static devices.pcie.ringdma.RingLayout.RING;
import static devices.pcie.ringdma.RingLayout.RUN;
import static devices.pcie.ringdma.RingLayout.SIZE;
import static devices.pcie.ringdma.RingLayout.STATUS;
import static devices.pcie.ringdma.RingLayout.STREAM;
import static devices.pcie.ringdma.RingLayout.TAIL;

import devices.pcie.link.CommandRegister;
import devices.pcie.link.DeviceOptions;
import iommu.api.bits.Register;
import iommu.api.pcie.Access;
import iommu.api.pcie.DeviceDriver;
import iommu.api.pcie.DmaBuffer;
import iommu.api.pcie.DriverPort;
import iommu.api.pcie.Interrupts;
import iommu.api.pcie.Medium;
import iommu.api.pcie.PciFunction;
import iommu.api.pcie.Workload;
import iommu.api.sim.RandomStream;
import java.util.List;

/**
 * The driver of {@link RingEngine}. Under the first kernel it keeps its ring filled, mapping a
 * buffer for each request it posts and unmapping it when the request is done; under a capture
 * kernel it probes in the usual order: memory decoding and bus mastering on, reset, ring mapped, a
 * request tried out. Between the second and the third the device goes on with what it holds. What
 * comes after a reset waits until somebody opens the interface, if there is a wire.
 *
 * <p>Source of the order: Linux, igb_probe, tg3_init_one, mpt3sas_base_map_resources,
 * usb_hcd_pci_probe: pci_enable_device, pci_set_master, registers mapped, and only then the reset.
 */
final class RingDriver implements DeviceDriver {

    /** Descriptors of a ring: a page holds them. */
    private static final int ENTRIES = 128;
    /** Requests kept posted by a driver that does not stream. */
    private static final int POSTED = 96;
    /** A frame arrives every so many periods of the workload: no ring would live to see T6. */
    private static final int FRAME_PERIODS = 16;
    private static final long TRIAL_PERIOD_NANOS = 20_000;
    private static final long TIMEOUT_NANOS = 1_000_000_000;
    private static final int MEMORY = 0x0002;
    /** As long as network drivers take, who read ids, map registers and allocate first; assumed. */
    private static final long MASTER_TO_RESET_NANOS = 3_000_000;
    private static final int TRIAL_BYTES = 512;
    private static final int SECTORS_APART = 4096 / Medium.SECTOR_BYTES;

    private final DriverPort port;
    private final PciFunction function;
    private final boolean wire;
    private final Duty duty;
    private final int bar;
    private final DmaBuffer[] owned = new DmaBuffer[ENTRIES];
    private Workload workload = Workload.none();
    private RandomStream choices = new RandomStream(0, "");
    private long ring;
    private int head;
    private int tail;
    private long number;
    private boolean streams;
    private boolean interrupts;
    private boolean bound;

    RingDriver(DriverPort port, boolean wire) {
        this(port, wire, Duty.ANY);
    }

    RingDriver(DriverPort port, boolean wire, Duty duty) {
        this.port = port;
        this.function = port.function();
        this.wire = wire;
        this.duty = duty;
        this.bar = RingLayout.bar(function);
    }

    @Override
    public void start(Workload work, long seed) {
        workload = work;
        choices = new RandomStream(seed, "ring-driver");
        ring = work.rings().get(0).physicalAddress();
        streams = duty == Duty.SCHEDULE || duty == Duty.ANY && work.streaming();
        int entries = streams ? ENTRIES : POSTED;
        for (int i = 0; i < entries; i++) {
            post(fixedRequest(), nextPlace());
        }
        if (work.message() != null) {
            Interrupts.writeEntry(function, 0, work.message());
        }
        long period = (long) (periods() / work.requestsPerSecond());
        program(work.rings().get(0).iova(), period,
                RUN.mask() | (streams ? STREAM.mask() : 0));
    }

    @Override
    public long service() {
        if (streams || workload.requestsPerSecond() == 0) {
            return 0;
        }
        write(CAUSE, REQUEST_DONE.mask());
        while (head != tail && DONE.isSet(completion(head))) {
            release(head);
            head = (head + 1) % ENTRIES;
            post(pooledRequest(), nextPlace());
        }
        write(TAIL, tail);
        return (long) (2 * periods() / workload.requestsPerSecond());
    }

    /** Returns how long a request takes at one a second, in nanoseconds: frames come seldom. */
    private double periods() {
        return duty == Duty.WIRE ? FRAME_PERIODS * 1e9 : 1e9;
    }

    /** A request into memory that was mapped before this driver's time. */
    private Request fixedRequest() {
        if (workload.writable().isEmpty() && workload.readable().isEmpty()) {
            List<DmaBuffer> received = workload.writeOnly();
            return new Request(received.get(choices.nextInt(received.size())), workload.bytes(),
                    false);
        }
        boolean reads = choices.nextInt(1000) < workload.readsPerMille()
                || workload.writable().isEmpty();
        List<DmaBuffer> from = reads && !workload.readable().isEmpty()
                && (workload.writable().isEmpty() || choices.oneIn(2))
                        ? workload.readable() : workload.writable();
        return new Request(from.get(choices.nextInt(from.size())), workload.bytes(), reads);
    }

    /** A request into a page of the kernel's pool, mapped for just this request. */
    private Request pooledRequest() {
        boolean reads = choices.nextInt(1000) < workload.readsPerMille();
        DmaBuffer buffer = port.map(port.allocatePage(), 4096, reads ? Access.READ : Access.WRITE);
        owned[tail] = buffer;
        return new Request(buffer, workload.bytes(), reads);
    }

    private void release(int index) {
        DmaBuffer buffer = owned[index];
        if (buffer != null) {
            owned[index] = null;
            port.unmap(buffer);
            port.freePage(buffer.physicalAddress());
        }
    }

    /** What one descriptor asks for. */
    private record Request(DmaBuffer buffer, int bytes, boolean reads) { }

    /** Requests on a disk are a page apart. */
    private long nextPlace() {
        return wire ? number : number * SECTORS_APART;
    }

    private void post(Request request, long place) {
        long at = ring + (long) tail * DESCRIPTOR_BYTES;
        port.write64(at + BUFFER, request.buffer.iova());
        port.write64(at + COMMAND, LENGTH.with(0, request.bytes)
                | (request.reads ? READS.mask() : 0) | (wire ? FRAME.mask() : 0));
        if (request.reads && !streams) {
            port.posted(number, wire ? Medium.FRAMES : Medium.BLOCKS);
        }
        number++;
        port.write64(at + POSITION, place);
        port.write64(at + COMPLETION, 0);
        tail = (tail + 1) % ENTRIES;
    }

    private void program(long ringIova, long periodNanos, long control) {
        write(RING, ringIova);
        write(SIZE, ENTRIES);
        write(PERIOD, Math.min(periodNanos, Integer.MAX_VALUE));
        write(TAIL, tail);
        write(CTRL, control);
    }

    private void write(Register register, long value) {
        function.writeRegister(bar, register.offset(), register.bytes(), value);
    }

    private long completion(int index) {
        return port.read64(ring + (long) index * DESCRIPTOR_BYTES + COMPLETION);
    }

    @Override
    public void finalFixup() {
        if (duty == Duty.SCHEDULE) {
            int command = function.readConfig(4, 2);
            function.writeConfig(4, 2, command | MEMORY);
            write(CTRL, 0);
            function.writeConfig(4, 2, command);
        }
    }

    @Override
    public String probe() {
        CommandRegister.enableMemory(function);
        CommandRegister.setMaster(function);
        port.sleep(DeviceOptions.masterToResetNanos(port, MASTER_TO_RESET_NANOS));
        write(CTRL, RESET.mask());
        if (wire && !DeviceOptions.opensInterface(port)) {
            // rings and interrupts are set up as the interface is opened
            return function.readRegister(bar, CTRL.offset(), CTRL.bytes()) == 0 ? null
                    : "hardware does not come out of reset";
        }
        interrupts = port.enableInterrupts(1) > 0;
        ring = port.allocatePage();
        head = 0;
        tail = 0;
        DmaBuffer mapped = port.map(ring, 4096, Access.READ | Access.WRITE);
        program(mapped.iova(), TRIAL_PERIOD_NANOS, RUN.mask());
        long page = port.allocatePage();
        String failure = transfer(page, TRIAL_BYTES, 0, false);
        port.freePage(page);
        bound = failure == null;
        if (!bound) {
            write(CTRL, RESET.mask());
        }
        return failure;
    }

    private boolean isHalted() {
        return HALTED.isSet(function.readRegister(bar, STATUS.offset(), STATUS.bytes()));
    }

    @Override
    public String shutdown() {
        if (bound) {
            write(CTRL, 0);
        }
        return null;
    }

    @Override
    public String write(long physicalAddress, int bytes, long to) {
        return transfer(physicalAddress, bytes, to, true);
    }

    private String transfer(long physicalAddress, int bytes, long at, boolean reads) {
        DmaBuffer buffer = port.map(physicalAddress, bytes, reads ? Access.READ : Access.WRITE);
        int index = tail;
        post(new Request(buffer, bytes, reads), at);
        write(TAIL, tail);
        long completion = ring + (long) index * DESCRIPTOR_BYTES + COMPLETION;
        boolean answered = interrupts ? port.waitForInterrupt(0, TIMEOUT_NANOS)
                : port.waitForMemory(completion, DONE.mask(), DONE.mask(), TIMEOUT_NANOS);
        write(CAUSE, REQUEST_DONE.mask());
        boolean done = DONE.isSet(port.read64(completion));
        String failure = null;
        if (!answered && done) {
            failure = "I/O timeout, done but no interrupt came";
        } else if (!done) {
            failure = isHalted()
                    ? "controller halted on an aborted descriptor fetch" : "I/O timeout";
        } else if (ABORTED.isSet(port.read64(completion))) {
            failure = "I/O error, data read aborted";
        }
        head = tail;
        port.unmap(buffer);
        return failure;
    }
}
