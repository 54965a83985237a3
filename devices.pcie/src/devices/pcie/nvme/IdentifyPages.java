// SPDX-License-Identifier: Apache-2.0
package devices.pcie.nvme;

import iommu.api.pcie.DeviceContext;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What a controller says of itself, of its commands and of its namespace.
 *
 * <p>Source: NVM Express Base Specification, "Identify Controller Data Structure", "Active
 * Namespace ID list", "Namespace Identification Descriptor", "Commands Supported and Effects"; NVM
 * Command Set Specification, "Identify Namespace Data Structure".
 */
final class IdentifyPages {

    static final int PAGE_BYTES = 4096;
    /** Maximum Data Transfer Size, log2 of pages. */
    static final int MDTS = 7;
    /** Abort and asynchronous event commands that may be outstanding, less one. */
    static final int OUTSTANDING_LESS_ONE = 3;

    private static final int SUBSYSTEM_VENDOR = 0x2c;
    private static final int SERIAL = 4;
    private static final int SERIAL_BYTES = 20;
    private static final int MODEL = 24;
    private static final int MODEL_BYTES = 40;
    private static final int FIRMWARE = 64;
    private static final int FIRMWARE_BYTES = 8;
    private static final int SUBSYSTEM_NAME = 768;
    private static final int POWER_STATE_0 = 2048;
    private static final int WARNING_KELVIN = 343;
    private static final int CRITICAL_KELVIN = 373;
    private static final int ONE_SLOT_READ_ONLY = 0x03;
    /** Extended length, and the log of commands supported and effects. */
    private static final int LOGS = 0x06;
    private static final int WRITE_ZEROES_SELECT_TIMESTAMP = 0x0058;
    private static final int CACHE_THAT_FLUSHES_ALL = 0x07;
    private static final byte LOG2_SECTOR = 9;
    private static final byte TYPE_COMMAND_SET = 4;
    private static final int IO_COMMANDS = 1024;
    /** CSUPP. */
    private static final int SUPPORTED = 1;
    /** CSUPP and LBCC: it may change what blocks hold. */
    private static final int CHANGES_BLOCKS = 3;
    private static final int[] ADMIN = {NvmeCommands.DELETE_SQ, NvmeCommands.CREATE_SQ,
        NvmeCommands.GET_LOG_PAGE, NvmeCommands.DELETE_CQ, NvmeCommands.CREATE_CQ,
        NvmeCommands.IDENTIFY, NvmeCommands.ABORT, NvmeCommands.SET_FEATURES,
        NvmeCommands.GET_FEATURES, NvmeCommands.ASYNC_EVENT_REQUEST};

    private final byte[] controller = new byte[PAGE_BYTES];
    private final byte[] namespace = new byte[PAGE_BYTES];
    private final long sectors;
    private final boolean shadowDoorbells;

    IdentifyPages(DeviceContext context, long sectors, boolean shadowDoorbells) {
        this.sectors = sectors;
        this.shadowDoorbells = shadowDoorbells;
        ByteBuffer c = ByteBuffer.wrap(controller).order(ByteOrder.LITTLE_ENDIAN);
        String serial = context.text("serial", "0");
        c.putShort(0, (short) context.function().readConfig(0, 2));
        c.putShort(2, (short) context.function().readConfig(SUBSYSTEM_VENDOR, 2));
        text(SERIAL, SERIAL_BYTES, serial);
        text(MODEL, MODEL_BYTES, "NVM Express controller");
        text(FIRMWARE, FIRMWARE_BYTES, "1.0");
        c.put(72, (byte) 6);                                   // RAB
        c.put(77, (byte) MDTS);
        c.putInt(80, (int) NvmeRegisters.VS.reset());
        c.put(111, (byte) 1);                                  // CNTRLTYPE: I/O
        c.putShort(NvmeCommands.OACS, (short) (shadowDoorbells
                ? NvmeCommands.DOORBELL_BUFFERS.mask() : 0));
        c.put(258, (byte) OUTSTANDING_LESS_ONE);               // ACL
        c.put(259, (byte) OUTSTANDING_LESS_ONE);               // AERL
        c.put(260, (byte) ONE_SLOT_READ_ONLY);                 // FRMW
        c.put(261, (byte) LOGS);                               // LPA
        c.putShort(266, (short) WARNING_KELVIN);
        c.putShort(268, (short) CRITICAL_KELVIN);
        c.put(512, (byte) (NvmeRegisters.ENTRY_SIZE_SUBMISSION * 0x11));
        c.put(513, (byte) (NvmeRegisters.ENTRY_SIZE_COMPLETION * 0x11));
        c.putInt(516, 1);                                      // NN
        c.putShort(520, (short) WRITE_ZEROES_SELECT_TIMESTAMP); // ONCS
        c.put(525, (byte) CACHE_THAT_FLUSHES_ALL);             // VWC
        byte[] name = ("nqn.2014-08.org.nvmexpress:" + serial).getBytes(StandardCharsets.UTF_8);
        System.arraycopy(name, 0, controller, SUBSYSTEM_NAME, Math.min(name.length, 223));
        c.putShort(POWER_STATE_0, (short) 2500);               // in 10 mW
        c.putInt(POWER_STATE_0 + 4, 16);
        c.putInt(POWER_STATE_0 + 8, 4);
        ByteBuffer n = ByteBuffer.wrap(namespace).order(ByteOrder.LITTLE_ENDIAN);
        n.putLong(0, sectors).putLong(8, sectors).putLong(16, sectors);
        n.put(33, (byte) 1);                                   // DLFEAT: reads zeros
        n.put(130, LOG2_SECTOR);                               // LBAF0
    }

    private void text(int at, int bytes, String text) {
        for (int i = 0; i < bytes; i++) {
            controller[at + i] = (byte) (i < text.length() ? text.charAt(i) : ' ');
        }
    }

    /** Returns whether there is a namespace of that number. */
    boolean hasNamespace(long id) {
        return id == 1 && sectors > 0;
    }

    /** Fills a page; returns the status. */
    int fill(int structure, long id, byte[] page) {
        Arrays.fill(page, (byte) 0);
        switch (structure) {
            case NvmeCommands.CNS_NAMESPACE -> {
                if (id == 0 || id > 1) {
                    return NvmeCommands.INVALID_NAMESPACE;
                }
                if (sectors > 0) {
                    System.arraycopy(namespace, 0, page, 0, PAGE_BYTES);
                }
            }
            case NvmeCommands.CNS_CONTROLLER ->
                System.arraycopy(controller, 0, page, 0, PAGE_BYTES);
            case NvmeCommands.CNS_ACTIVE_LIST -> {
                if (id >= NvmeCommands.ALL_NAMESPACES - 1) {
                    return NvmeCommands.INVALID_NAMESPACE;
                }
                page[0] = (byte) (id == 0 && sectors > 0 ? 1 : 0);
            }
            case NvmeCommands.CNS_DESCRIPTORS -> {
                if (!hasNamespace(id)) {
                    return NvmeCommands.INVALID_NAMESPACE;
                }
                page[0] = TYPE_COMMAND_SET;
                page[1] = 1;
            }
            case NvmeCommands.CNS_COMMAND_SET -> { } // no limits but MDTS
            default -> {
                return NvmeCommands.INVALID_FIELD;
            }
        }
        return NvmeCommands.SUCCESS;
    }

    /** Fills a page that is all zeros with what commands there are, and what they change. */
    void fillEffects(byte[] page) {
        ByteBuffer log = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
        for (int opcode : ADMIN) {
            log.putInt(opcode * Integer.BYTES, SUPPORTED);
        }
        log.putInt(NvmeCommands.DOORBELL_BUFFER_CONFIG * Integer.BYTES,
                shadowDoorbells ? SUPPORTED : 0);
        log.putInt(IO_COMMANDS + NvmeCommands.READ * Integer.BYTES, SUPPORTED);
        for (int opcode : new int[] {NvmeCommands.FLUSH, NvmeCommands.WRITE,
            NvmeCommands.WRITE_ZEROES}) {
            log.putInt(IO_COMMANDS + opcode * Integer.BYTES, CHANGES_BLOCKS);
        }
    }
}
