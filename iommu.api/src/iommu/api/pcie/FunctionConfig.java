// SPDX-License-Identifier: Apache-2.0
package iommu.api.pcie;

/**
 * One function as captured.
 *
 * @param requesterId of the function
 * @param config its config space, 64, 256 or 4096 bytes; not copied, not to be changed
 */
public record FunctionConfig(int requesterId, byte[] config) {

    /** Checks the number of bytes. */
    public FunctionConfig {
        if (config.length != 64 && config.length != 256 && config.length != 4096) {
            throw new IllegalArgumentException(config.length + " bytes of config space");
        }
    }

    /**
     * Returns a register as configuration software reads it.
     *
     * @param bytes 1, 2 or 4
     * @return all ones beyond what was captured
     */
    public int read(int offset, int bytes) {
        int value = 0;
        for (int at = offset + bytes - 1; at >= offset; at--) {
            value = value << 8 | (at < config.length ? u8(at) : 0xff);
        }
        return value;
    }

    /** Returns the 16 bits at {@code offset}. */
    public int u16(int offset) {
        return config[offset] & 0xff | (config[offset + 1] & 0xff) << 8;
    }

    /** Returns the byte at {@code offset}. */
    public int u8(int offset) {
        return config[offset] & 0xff;
    }

    /** Returns the 24-bit class code. */
    public int classCode() {
        return u8(0x0b) << 16 | u8(0x0a) << 8 | u8(0x09);
    }

    /** Returns the header type without the multi-function bit. */
    public int headerType() {
        return u8(0x0e) & 0x7f;
    }
}
