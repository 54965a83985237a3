// SPDX-License-Identifier: Apache-2.0
package devices.pcie.rdma;

import static devices.pcie.link.DeviceOptions.GONE_FROM_NANOS;
import static devices.pcie.link.DeviceOptions.IGNORES_RESET;
import static devices.pcie.link.DeviceOptions.RESET_NANOS;
import static devices.pcie.link.DeviceOptions.WEDGES_ON_ABORT;
import static devices.pcie.rdma.RdmaLayout.CAUSE;
import static devices.pcie.rdma.RdmaLayout.CTRL;
import static devices.pcie.rdma.RdmaLayout.READY;
import static devices.pcie.rdma.RdmaLayout.REGION;
import static devices.pcie.rdma.RdmaLayout.REGIONS;
import static devices.pcie.rdma.RdmaLayout.REGION_ADDRESS;
import static devices.pcie.rdma.RdmaLayout.REGION_BYTES;
import static devices.pcie.rdma.RdmaLayout.REGION_RIGHTS;
import static devices.pcie.rdma.RdmaLayout.REGISTER_BYTES;
import static devices.pcie.rdma.RdmaLayout.REMOTE_READ;
import static devices.pcie.rdma.RdmaLayout.REMOTE_WRITE;
import static devices.pcie.rdma.RdmaLayout.RESET;
import static devices.pcie.rdma.RdmaLayout.RUN;
import static devices.pcie.rdma.RdmaLayout.SELF_TEST;
import static devices.pcie.rdma.RdmaLayout.STATUS;
import static devices.pcie.rdma.RdmaLayout.WEDGED;

import devices.pcie.link.Link;
import iommu.api.bits.RegisterFile;
import iommu.api.pcie.Bar;
import iommu.api.pcie.CompletionStatus;
import iommu.api.pcie.Device;
import iommu.api.pcie.DeviceContext;
import iommu.api.pcie.Medium;
import iommu.api.sim.RandomStream;
import java.util.Arrays;
import java.util.List;

/**
 * The adapter. It holds the addresses of all regions, so that nothing it does asks memory first:
 * peers read and write regions at random, many operations in the time of a frame, as long as it
 * runs. Nothing but a reset ends that; with bus mastering off peers have to wait. What
 * peers read is sent once it had its time on the link. One thread.
 */
final class RdmaAdapter implements Device {

    /** Option: from one operation of a peer to the next; 0: there is none. */
    static final String OPERATION_NANOS = "operationNanos";
    /** Memory is shared with peers for bulk. */
    private static final int OPERATIONS_A_FRAME = 16;
    static final long DEFAULT_RESET_NANOS = 100_000_000;

    private static final long ALL_ONES = -1;
    private static final int PAGE = 4096;
    private static final int PAYLOAD = 256;
    private static final int MOST_BYTES = 1024;
    private static final int SELF_TEST_BYTES = 64;

    private final DeviceContext context;
    private final Link link;
    private final long periodNanos;
    private final long resetNanos;
    private final boolean wedgesOnAbort;
    private final boolean ignoresReset;
    private final RandomStream peers;
    private final RegisterFile registers = new RegisterFile(REGISTER_BYTES, List.of(CTRL, STATUS,
            REGION, REGION_ADDRESS, REGION_BYTES, REGION_RIGHTS, SELF_TEST, CAUSE));
    private final long[] addresses = new long[REGIONS];
    private final int[] lengths = new int[REGIONS];
    private final int[] rights = new int[REGIONS];
    /** Numbers of the regions that have rights, in the order in which they got them. */
    private final int[] registered = new int[REGIONS];
    private final byte[] data = new byte[MOST_BYTES];
    private int regions;
    private final long goneFromNanos;
    private long sequence;
    private int generation;
    private boolean ticking;
    private int token;
    private int sending;

    RdmaAdapter(DeviceContext context) {
        this.context = context;
        link = Link.of(context.function());
        periodNanos = context.option(OPERATION_NANOS,
                context.option(DeviceContext.FRAME_NANOS, 0) / OPERATIONS_A_FRAME);
        resetNanos = Math.max(0, context.option(RESET_NANOS, DEFAULT_RESET_NANOS));
        wedgesOnAbort = context.option(WEDGES_ON_ABORT, 0) != 0;
        ignoresReset = context.option(IGNORES_RESET, 0) != 0;
        goneFromNanos = context.option(GONE_FROM_NANOS, Long.MAX_VALUE);
        peers = new RandomStream(context.function().requesterId(), "rdma-peers");
        registers.set(STATUS, READY, 1);
        registers.onWrite(CTRL, (written, mask) -> control(written));
        registers.onWrite(REGION_RIGHTS, (written, mask) -> register());
        registers.onWrite(SELF_TEST, (written, mask) -> selfTest());
        registers.onWrite(CAUSE, (written, mask) -> context.interrupts().lower());
    }

    @Override
    public List<Bar> bars() {
        return List.of(Bar.memory(0, PAGE));
    }

    @Override
    public long readRegister(int bar, long offset, int bytes) {
        return offset < REGISTER_BYTES ? registers.read((int) offset, bytes) : ALL_ONES;
    }

    @Override
    public void writeRegister(int bar, long offset, int bytes, long value) {
        if (offset < REGISTER_BYTES && !isWedged()) {
            registers.write((int) offset, bytes, value);
        }
    }

    @Override
    public boolean present() {
        return context.nanos() < goneFromNanos;
    }

    private boolean isWedged() {
        return WEDGED.isSet(registers.get(STATUS));
    }

    private void control(long written) {
        if (!RESET.isSet(written)) {
            wake();
        } else if (!ignoresReset) {
            forget();
            registers.set(STATUS, READY, 0);
            int mine = generation;
            context.schedule(Math.max(1, resetNanos), () -> {
                if (mine == generation) {
                    registers.set(STATUS, READY, 1);
                }
            });
        }
    }

    @Override
    public void reset() {
        forget();
        registers.set(STATUS, READY, 1);
    }

    private void forget() {
        registers.reset();
        Arrays.fill(rights, 0);
        regions = 0;
        sequence = 0;
        generation++;
        ticking = false;
        context.interrupts().lower();
        context.dropped();
    }

    private void register() {
        int index = (int) registers.get(REGION);
        boolean was = rights[index] != 0;
        addresses[index] = registers.get(REGION_ADDRESS);
        lengths[index] = (int) Math.min(registers.get(REGION_BYTES), Integer.MAX_VALUE);
        rights[index] = lengths[index] < SELF_TEST_BYTES ? 0 : (int) registers.get(REGION_RIGHTS);
        if (rights[index] != 0 && !was) {
            registered[regions++] = index;
        } else if (rights[index] == 0 && was) {
            drop(index);
        }
        wake();
    }

    private void drop(int index) {
        for (int i = 0; i < regions; i++) {
            if (registered[i] == index) {
                System.arraycopy(registered, i + 1, registered, i, regions - i - 1);
                regions--;
                return;
            }
        }
    }

    // ---- peers ----------------------------------------------------------------------------------

    private boolean isBusy() {
        return regions > 0 && periodNanos > 0 && RUN.isSet(registers.get(CTRL)) && !isWedged()
                && present() && context.function().busMaster();
    }

    /** {@inheritDoc} What peers could not do meanwhile they try again. */
    @Override
    public void busMasterEnabled(boolean enabled) {
        wake();
    }

    private void wake() {
        if (!ticking && isBusy()) {
            ticking = true;
            context.schedule(periodNanos, new Peers(generation));
        }
    }

    /** What peers do between two resets. */
    private final class Peers implements Runnable {

        private final int mine;
        private final Runnable send = this::send;

        private Peers(int mine) {
            this.mine = mine;
        }

        @Override
        public void run() {
            if (mine != generation) {
                return;
            }
            if (isBusy()) {
                sending = operate();
                if (sending > 0) {
                    context.schedule(link.nanos(sending), send);
                }
            }
            ticking = isBusy();
            if (ticking) {
                context.schedule(periodNanos, this);
            }
        }

        private void send() {
            if (mine == generation) {
                context.resume(token);
                context.store(Medium.FRAMES, sequence - 1, data, 0, sending);
            }
        }
    }

    /** Does an operation; returns how many bytes are to be sent to the peer. */
    private int operate() {
        int region = registered[peers.nextInt(regions)];
        boolean reads = REMOTE_READ.isSet(rights[region])
                && (!REMOTE_WRITE.isSet(rights[region]) || peers.oneIn(2));
        int bytes = Math.min(PAYLOAD << peers.nextInt(3), lengths[region]);
        long at = addresses[region] + (peers.nextInt(lengths[region] - bytes + 1) & -64);
        long number = sequence++;
        token = context.request(number);
        if (!reads) {
            context.fetch(Medium.FRAMES, number, data, 0, bytes);
        }
        return move(at, bytes, reads) && reads ? bytes : 0;
    }

    private boolean move(long at, int bytes, boolean reads) {
        for (int moved = 0; moved < bytes;) {
            int chunk = Math.min(bytes - moved, PAYLOAD - (int) (at + moved & PAYLOAD - 1));
            CompletionStatus status = reads ? context.dma().read(at + moved, data, moved, chunk)
                    : context.dma().write(at + moved, data, moved, chunk);
            if (status != CompletionStatus.SUCCESS) {
                if (reads && wedgesOnAbort) {
                    registers.set(STATUS, WEDGED, 1);
                }
                return false;
            }
            moved += chunk;
        }
        return true;
    }

    private void selfTest() {
        int index = (int) registers.get(SELF_TEST);
        int mine = generation;
        context.schedule(1_000, () -> {
            if (mine == generation && rights[index] != 0) {
                context.request(sequence++);
                context.fetch(Medium.FRAMES, index, data, 0, SELF_TEST_BYTES);
                move(addresses[index], SELF_TEST_BYTES, false);
                registers.set(CAUSE, 1);
                context.interrupts().raise(0);
            }
        });
    }
}
