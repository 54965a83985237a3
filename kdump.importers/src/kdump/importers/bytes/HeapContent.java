// SPDX-License-Identifier: Apache-2.0
package kdump.importers.bytes;

import java.util.List;

/** Content held in memory, in chunks of one size but for the last. */
record HeapContent(String name, List<byte[]> chunks, long bytes) implements Content {

    static final int CHUNK_BYTES = 1 << 20;

    @Override
    public void read(long offset, byte[] to, int at, int count) {
        for (int done = 0; done < count;) {
            int inChunk = (int) (offset + done) & CHUNK_BYTES - 1;
            int piece = Math.min(count - done, CHUNK_BYTES - inChunk);
            System.arraycopy(chunks.get((int) ((offset + done) / CHUNK_BYTES)), inChunk, to,
                    at + done, piece);
            done += piece;
        }
    }
}
