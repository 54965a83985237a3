// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import static devices.pcie.nvme.NvmeCommands.CDW10;
import static devices.pcie.nvme.NvmeCommands.CDW11;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The admin commands. Source: NVM Express Base Specification, "Admin Command Set", "Features",
 * "Get Log Page command".
 */
final class AdminCommands {

    private static final int FEATURES = 0x0c;
    private static final int CHANGEABLE = 4;
    private static final int SELECT_CURRENT = 0;
    private static final int SELECT_CAPABILITIES = 3;
    private static final int MOST_QUEUES_ASKED = 0xffff;
    private static final int DEFAULT_THRESHOLD = 343;
    private static final int NO_LIMIT = 7;
    private static final int LOG_BYTES = 512;
    private static final int KELVIN = 323;
    private static final int NOT_ABORTED = 1;
    private static final long TIMESTAMP_MASK = 0xffff_ffff_ffffL;
    /** Timestamp Origin 001b. */
    private static final long TIMESTAMP_SET_BY_HOST = 1L << 49;
    private static final long MILLI = 1_000_000;

    private final NvmeController controller;
    private final IdentifyPages identify;
    private final int vectors;
    private final int pairs;
    private final boolean shadowDoorbells;
    private final int[] features = new int[FEATURES];
    /** What the host has set, milliseconds, and when; -1 before. */
    private long timestamp;
    private long timestampSet;

    AdminCommands(NvmeController controller, IdentifyPages identify, NvmeOptions options,
            int vectors) {
        this.controller = controller;
        this.identify = identify;
        pairs = options.queuePairs();
        shadowDoorbells = options.shadowDoorbells();
        this.vectors = vectors;
        reset();
    }

    void reset() {
        Arrays.fill(features, 0);
        timestamp = 0;
        timestampSet = -1;
        features[NvmeCommands.ARBITRATION] = NO_LIMIT;
        features[NvmeCommands.TEMPERATURE_THRESHOLD] = DEFAULT_THRESHOLD;
        features[NvmeCommands.VOLATILE_WRITE_CACHE] = 1;
        features[NvmeCommands.NUMBER_OF_QUEUES] = pairs - 1 | pairs - 1 << 16;
    }

    void execute(Command c) {
        switch (c.opcode()) {
            case NvmeCommands.DELETE_SQ -> deleteSubmissionQueue(c);
            case NvmeCommands.CREATE_SQ -> createSubmissionQueue(c);
            case NvmeCommands.GET_LOG_PAGE -> log(c);
            case NvmeCommands.DELETE_CQ -> deleteCompletionQueue(c);
            case NvmeCommands.CREATE_CQ -> createCompletionQueue(c);
            case NvmeCommands.IDENTIFY -> {
                int status = identify.fill(c.dword(CDW10) & 0xff, c.namespace(), c.data());
                if (status == NvmeCommands.SUCCESS) {
                    c.transfer(true, false, 0, IdentifyPages.PAGE_BYTES);
                } else {
                    c.finish(status, 0);
                }
            }
            case NvmeCommands.ABORT -> abort(c, c.dword(CDW10) & 0xffff, c.dword(CDW10) >>> 16);
            case NvmeCommands.SET_FEATURES -> setFeature(c);
            case NvmeCommands.GET_FEATURES -> getFeature(c);
            case NvmeCommands.ASYNC_EVENT_REQUEST -> controller.events().await(c);
            case NvmeCommands.DOORBELL_BUFFER_CONFIG -> configureDoorbells(c);
            default -> c.finish(NvmeCommands.INVALID_OPCODE, 0);
        }
    }

    private void abort(Command c, int queueId, int commandId) {
        if (controller.engine().submissions(queueId) == null) {
            c.finish(NvmeCommands.INVALID_FIELD, NOT_ABORTED);
        } else {
            c.finish(NvmeCommands.SUCCESS,
                    controller.engine().abort(queueId, commandId) ? 0 : NOT_ABORTED);
        }
    }

    private void configureDoorbells(Command c) {
        long doorbells = c.quadword(NvmeCommands.PRP1);
        long events = c.quadword(NvmeCommands.PRP2);
        if (!shadowDoorbells) {
            c.finish(NvmeCommands.INVALID_OPCODE, 0);
        } else if (((doorbells | events) & controller.pageBytes() - 1) != 0) {
            c.finish(NvmeCommands.INVALID_FIELD, 0);
        } else {
            controller.engine().beginShadow(doorbells, events);
            c.finish(NvmeCommands.SUCCESS, 0);
        }
    }

    // ---- queues ---------------------------------------------------------------------------------

    private static int id(Command c) {
        return (int) NvmeCommands.QID.of(c.dword(CDW10));
    }

    private static int size(Command c) {
        return (int) NvmeCommands.QSIZE.of(Integer.toUnsignedLong(c.dword(CDW10))) + 1;
    }

    private static int upper(Command c) {
        return c.dword(CDW11) >>> 16;
    }

    private static boolean wrongSize(Command c) {
        return size(c) < 2 || size(c) > NvmeRegisters.QUEUE_ENTRIES;
    }

    private boolean wrongBase(Command c) {
        return (c.quadword(NvmeCommands.PRP1) & controller.pageBytes() - 1) != 0;
    }

    private void createCompletionQueue(Command c) {
        int status = NvmeCommands.SUCCESS;
        if (id(c) == 0 || id(c) > pairs || controller.engine().completions(id(c)) != null) {
            status = NvmeCommands.INVALID_QUEUE_IDENTIFIER;
        } else if (wrongSize(c)) {
            status = NvmeCommands.INVALID_QUEUE_SIZE;
        } else if (wrongBase(c)) {
            status = NvmeCommands.PRP_OFFSET_INVALID;
        } else if (upper(c) >= vectors) {
            status = NvmeCommands.INVALID_INTERRUPT_VECTOR;
        } else if (!NvmeCommands.PC.isSet(c.dword(CDW11))) {
            status = NvmeCommands.INVALID_FIELD;
        } else {
            controller.engine().add(new CompletionQueue(id(c), c.quadword(NvmeCommands.PRP1),
                    size(c), upper(c), NvmeCommands.IEN.isSet(c.dword(CDW11))));
        }
        c.finish(status, 0);
    }

    private void createSubmissionQueue(Command c) {
        int status = NvmeCommands.SUCCESS;
        int to = upper(c);
        if (to == 0 || controller.engine().completions(to) == null) {
            status = NvmeCommands.COMPLETION_QUEUE_INVALID;
        } else if (id(c) == 0 || id(c) > pairs || controller.engine().submissions(id(c)) != null) {
            status = NvmeCommands.INVALID_QUEUE_IDENTIFIER;
        } else if (wrongSize(c)) {
            status = NvmeCommands.INVALID_QUEUE_SIZE;
        } else if (wrongBase(c)) {
            status = NvmeCommands.PRP_OFFSET_INVALID;
        } else if (!NvmeCommands.PC.isSet(c.dword(CDW11))) {
            status = NvmeCommands.INVALID_FIELD;
        } else {
            controller.engine().add(new SubmissionQueue(id(c), c.quadword(NvmeCommands.PRP1),
                    size(c), controller.engine().completions(to)));
        }
        c.finish(status, 0);
    }

    private void deleteSubmissionQueue(Command c) {
        boolean known = id(c) != 0 && controller.engine().submissions(id(c)) != null;
        if (known) {
            controller.engine().removeSubmissions(id(c));
        }
        c.finish(known ? NvmeCommands.SUCCESS : NvmeCommands.INVALID_QUEUE_IDENTIFIER, 0);
    }

    private void deleteCompletionQueue(Command c) {
        if (id(c) == 0 || controller.engine().completions(id(c)) == null) {
            c.finish(NvmeCommands.INVALID_QUEUE_IDENTIFIER, 0);
        } else if (controller.engine().isFed(id(c))) {
            c.finish(NvmeCommands.INVALID_QUEUE_DELETION, 0);
        } else {
            controller.engine().removeCompletions(id(c));
            c.finish(NvmeCommands.SUCCESS, 0);
        }
    }

    // ---- features and logs ----------------------------------------------------------------------

    private static boolean isKnown(int feature) {
        return switch (feature) {
            case NvmeCommands.ARBITRATION, NvmeCommands.POWER_MANAGEMENT,
                    NvmeCommands.TEMPERATURE_THRESHOLD, NvmeCommands.INTERRUPT_COALESCING,
                    NvmeCommands.INTERRUPT_VECTOR_CONFIGURATION, NvmeCommands.WRITE_ATOMICITY ->
                true;
            default -> isChangeable(feature);
        };
    }

    private static boolean isChangeable(int feature) {
        return switch (feature) {
            case NvmeCommands.TEMPERATURE_THRESHOLD, NvmeCommands.VOLATILE_WRITE_CACHE,
                    NvmeCommands.NUMBER_OF_QUEUES, NvmeCommands.ASYNC_EVENT_CONFIGURATION,
                    NvmeCommands.TIMESTAMP -> true;
            default -> false;
        };
    }

    private void getFeature(Command c) {
        int feature = (int) NvmeCommands.FID.of(c.dword(CDW10));
        int select = (int) NvmeCommands.SEL.of(c.dword(CDW10));
        if (!isKnown(feature) || select > SELECT_CAPABILITIES) {
            c.finish(NvmeCommands.INVALID_FIELD, 0);
            return;
        }
        if (feature == NvmeCommands.TIMESTAMP && select == SELECT_CURRENT) {
            sendTimestamp(c);
            return;
        }
        int value = feature < FEATURES ? features[feature] : 0;
        if (select == SELECT_CAPABILITIES) {
            value = isChangeable(feature) ? CHANGEABLE : 0;
        } else if (select != SELECT_CURRENT && feature == NvmeCommands.VOLATILE_WRITE_CACHE) {
            value = 0;
        } else if (feature == NvmeCommands.INTERRUPT_VECTOR_CONFIGURATION) {
            int vector = c.dword(CDW11) & 0xffff;
            if (vector >= vectors) {
                c.finish(NvmeCommands.INVALID_FIELD, 0);
                return;
            }
            value = vector == 0 ? 1 << 16 : vector;
        }
        c.finish(NvmeCommands.SUCCESS, value);
    }

    private void setFeature(Command c) {
        int feature = (int) NvmeCommands.FID.of(c.dword(CDW10));
        int value = c.dword(CDW11);
        if (NvmeCommands.SV.isSet(c.dword(CDW10))) {
            c.finish(NvmeCommands.FEATURE_NOT_SAVEABLE, 0);
        } else if (!isKnown(feature)) {
            c.finish(NvmeCommands.INVALID_FIELD, 0);
        } else if (!isChangeable(feature)) {
            c.finish(NvmeCommands.FEATURE_NOT_CHANGEABLE, 0);
        } else if (feature == NvmeCommands.NUMBER_OF_QUEUES) {
            boolean wrong = (value & 0xffff) == MOST_QUEUES_ASKED
                    || value >>> 16 == MOST_QUEUES_ASKED;
            c.finish(wrong ? NvmeCommands.INVALID_FIELD : NvmeCommands.SUCCESS,
                    wrong ? 0 : features[feature]);
        } else if (feature == NvmeCommands.TIMESTAMP) {
            c.transfer(false, false, 0, NvmeCommands.TIMESTAMP_BYTES);
        } else {
            features[feature] = feature == NvmeCommands.VOLATILE_WRITE_CACHE ? value & 1 : value;
            c.finish(NvmeCommands.SUCCESS, 0);
        }
    }

    /** The host's data are there: of a timestamp, the only feature that has any. */
    void received(Command c) {
        timestamp = ByteBuffer.wrap(c.data()).order(ByteOrder.LITTLE_ENDIAN).getLong(0)
                & TIMESTAMP_MASK;
        timestampSet = controller.nanos();
    }

    private void sendTimestamp(Command c) {
        long since = controller.nanos() - Math.max(0, timestampSet);
        ByteBuffer.wrap(c.data()).order(ByteOrder.LITTLE_ENDIAN).putLong(0,
                timestamp + since / MILLI & TIMESTAMP_MASK
                        | (timestampSet < 0 ? 0 : TIMESTAMP_SET_BY_HOST));
        c.transfer(true, false, 0, NvmeCommands.TIMESTAMP_BYTES);
    }

    private void log(Command c) {
        int page = c.dword(CDW10) & 0xff;
        int size = page == NvmeCommands.EFFECTS_LOG ? IdentifyPages.PAGE_BYTES : LOG_BYTES;
        long dwords = (c.dword(CDW10) >>> 16) + ((long) (c.dword(CDW11) & 0xffff) << 16) + 1;
        long from = c.quadword(NvmeCommands.CDW12);
        boolean known = page >= NvmeCommands.ERROR_LOG && page <= NvmeCommands.FIRMWARE_LOG
                || page == NvmeCommands.EFFECTS_LOG;
        if (!known || from < 0 || from > size || (from & 3) != 0) {
            c.finish(NvmeCommands.INVALID_FIELD, 0);
            return;
        }
        byte[] data = c.data();
        Arrays.fill(data, (byte) 0);
        if (page == NvmeCommands.HEALTH_LOG) {
            ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).putShort(1, (short) KELVIN);
        } else if (page == NvmeCommands.FIRMWARE_LOG) {
            data[0] = 1;
            System.arraycopy(new byte[] {'1', '.', '0', ' ', ' ', ' ', ' ', ' '}, 0, data, 8, 8);
        } else if (page == NvmeCommands.EFFECTS_LOG) {
            identify.fillEffects(data);
        } else {
            controller.events().seen();
        }
        System.arraycopy(data, (int) from, data, 0, size - (int) from);
        Arrays.fill(data, size - (int) from, size, (byte) 0);
        c.transfer(true, false, 0, (int) Math.min(4 * dwords, size - from == 0 ? 4
                : size - from));
    }
}
