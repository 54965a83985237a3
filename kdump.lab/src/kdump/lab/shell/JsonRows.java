// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import static kdump.lab.shell.MappingsCommand.hex;

import com.fasterxml.jackson.core.JsonGenerator;
import iommu.api.pcie.RequesterId;
import java.io.IOException;
import java.io.UncheckedIOException;
import kdump.lab.api.Mappings;

/** Translations as one JSON array, written as they come; begun at the first row. */
final class JsonRows implements Mappings {

    private final Invocation invocation;
    private JsonGenerator json;

    JsonRows(Invocation invocation) {
        this.invocation = invocation;
    }

    /** Ends the document. */
    void end() throws IOException {
        begin();
        json.writeEndArray();
        json.close();
        invocation.out().println();
    }

    private void begin() throws IOException {
        if (json == null) {
            json = invocation.generator();
            json.writeStartArray();
        }
    }

    @Override
    public void mapping(int unit, int requester, int domain, long iova, long physicalAddress,
            long bytes, String access) {
        row(unit, requester, domain, iova, physicalAddress, bytes, access, false);
    }

    @Override
    public void passThrough(int unit, int requester, int domain) {
        row(unit, requester, domain, 0, 0, 0, "rw", true);
    }

    private void row(int unit, int requester, int domain, long iova, long physicalAddress,
            long bytes, String access, boolean passThrough) {
        try {
            begin();
            json.writeStartObject();
            json.writeNumberField("unit", unit);
            json.writeStringField("requester", RequesterId.format(requester));
            json.writeNumberField("domain", domain);
            json.writeStringField("iova", hex(iova));
            json.writeStringField("physicalAddress", hex(physicalAddress));
            if (passThrough) {
                json.writeNullField("bytes");
            } else {
                json.writeNumberField("bytes", bytes);
            }
            json.writeStringField("access", access);
            if (passThrough) {
                json.writeBooleanField("passThrough", true);
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
