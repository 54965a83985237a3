// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.run;

import iommu.api.kdump.HandoverNotes;
import iommu.api.memory.PhysicalMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import kdump.lab.engine.kernel.Kernel;

/**
 * Notes of a policy, as bytes at the end of the crash reservation: a count, then key, version and
 * bytes of each, lengths first. Read back from memory each time, so whoever overwrites them
 * destroys them. One thread.
 */
final class ReservationNotes implements HandoverNotes {

    private static final int MAX_NOTES = 1024;

    private final Kernel kernel;
    private final PhysicalMemory memory;
    private final long address;

    ReservationNotes(Kernel kernel, PhysicalMemory memory, long address) {
        this.kernel = kernel;
        this.memory = memory;
        this.address = address;
    }

    /** Writes that there is no note. */
    void clear() {
        save(new TreeMap<>());
    }

    /** Returns these for somebody who shall not change them. */
    HandoverNotes toRead() {
        return new HandoverNotes() {
            @Override
            public byte[] get(String key, int version) {
                return ReservationNotes.this.get(key, version);
            }

            @Override
            public void put(String key, int version, byte[] bytes) {
                throw new IllegalStateException("notes are not taken now: '" + key + "'");
            }
        };
    }

    /** One note without its key. */
    private record Note(int version, byte[] bytes) { }

    @Override
    public byte[] get(String key, int version) {
        Note note = load().get(key);
        return note == null || note.version != version ? null : note.bytes;
    }

    @Override
    public void put(String key, int version, byte[] bytes) {
        var notes = load();
        notes.put(key, new Note(version, bytes.clone()));
        save(notes);
    }

    private Map<String, Note> load() {
        byte[] all = new byte[MAX_BYTES];
        memory.read(address, all, 0, all.length);
        ByteBuffer in = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
        var notes = new TreeMap<String, Note>();
        int count = Math.min(in.getInt(), MAX_NOTES);
        for (int i = 0; i < count; i++) {
            byte[] key = bytes(in);
            int version = in.remaining() < 4 ? 0 : in.getInt();
            String name = new String(key, StandardCharsets.UTF_8);
            if (!Arrays.equals(name.getBytes(StandardCharsets.UTF_8), key)) {
                return new TreeMap<>(); // somebody wrote over them: none can be trusted
            }
            notes.put(name, new Note(version, bytes(in)));
        }
        return notes;
    }

    private static byte[] bytes(ByteBuffer in) {
        int length = in.remaining() < 4 ? 0 : in.getInt();
        byte[] bytes = new byte[Math.max(0, Math.min(length, in.remaining()))];
        in.get(bytes);
        return bytes;
    }

    private void save(Map<String, Note> notes) {
        int size = 4;
        for (var note : notes.entrySet()) {
            size += 12 + note.getKey().getBytes(StandardCharsets.UTF_8).length
                    + note.getValue().bytes.length;
        }
        if (size > MAX_BYTES || notes.size() > MAX_NOTES) {
            throw new IllegalArgumentException("notes of " + size + " bytes, at most " + MAX_BYTES);
        }
        ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(notes.size());
        notes.forEach((key, note) -> {
            byte[] name = key.getBytes(StandardCharsets.UTF_8);
            out.putInt(name.length).put(name).putInt(note.version);
            out.putInt(note.bytes.length).put(note.bytes);
        });
        kernel.write(address, out.array(), 0, out.capacity());
    }
}
