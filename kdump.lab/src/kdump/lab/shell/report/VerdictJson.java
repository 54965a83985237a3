// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell.report;

import com.fasterxml.jackson.core.JsonGenerator;
import iommu.api.pcie.Access;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import kdump.lab.api.Verdict;

/** A verdict as JSON, to the letter of the command contract. */
public final class VerdictJson {

    private VerdictJson() { }

    /** Writes the fields of a verdict into the object that is open. */
    public static void fields(Verdict v, JsonGenerator json) throws IOException {
        json.writeStringField("policy", v.policy());
        json.writeStringField("captureKernel", v.captureKernel());
        json.writeStringField("dump", v.dump());
        json.writeNumberField("dumpBytesStray", v.dumpBytesStray());
        json.writeNumberField("lateLegitimateBytes", v.lateLegitimateBytes());
        json.writeNumberField("oldMemoryBytesChanged", v.oldMemoryBytesChanged());
        json.writeNumberField("mediaBlocksWrong", v.mediaBlocksWrong());
        json.writeNumberField("mediaBlocksLost", v.mediaBlocksLost());
        json.writeNumberField("framesWrong", v.framesWrong());
        json.writeNumberField("framesLost", v.framesLost());
        json.writeObjectFieldStart("faults");
        json.writeNumberField("requests", v.faults().requests());
        json.writeNumberField("recorded", v.faults().recorded());
        json.writeNumberField("printed", v.faults().printed());
        counts("byReason", v.faults().byReason(), json);
        counts("byRequester", v.faults().byRequester(), json);
        groups(v.faults().groups(), json);
        json.writeEndObject();
        untranslated(v.untranslatedDma(), json);
        json.writeBooleanField("serr", v.serr());
        errors(v.errors(), json);
        json.writeObjectFieldStart("interrupts");
        json.writeNumberField("stray", v.interrupts().stray());
        json.writeNumberField("blocked", v.interrupts().blocked());
        json.writeNumberField("lost", v.interrupts().lost());
        json.writeEndObject();
        json.writeArrayFieldStart("driversFailed");
        for (Verdict.DriverFailure failure : v.driversFailed()) {
            json.writeStartObject();
            json.writeStringField("requester", failure.requester());
            json.writeStringField("reason", failure.reason());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeNumberField("syntheticBytesUsed", v.syntheticBytesUsed());
        json.writeStringField("reboot", v.reboot());
        strings("reasons", v.reasons(), json);
        strings("assumptions", v.assumptions(), json);
    }

    private static void untranslated(Verdict.Untranslated dma, JsonGenerator json)
            throws IOException {
        Verdict.Landed landed = dma.landed();
        json.writeObjectFieldStart("untranslatedDma");
        json.writeNumberField("requests", dma.requests());
        counts("byRequester", dma.byRequester(), json);
        json.writeObjectFieldStart("landed");
        json.writeNumberField("captureKernel", landed.captureKernel());
        json.writeNumberField("oldMemory", landed.oldMemory());
        json.writeNumberField("freeMemory", landed.freeMemory());
        json.writeNumberField("mmio", landed.mmio());
        json.writeNumberField("nothing", landed.nothing());
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void groups(List<Verdict.FaultGroup> groups, JsonGenerator json)
            throws IOException {
        json.writeArrayFieldStart("groups");
        for (Verdict.FaultGroup group : groups) {
            json.writeStartObject();
            json.writeStringField("requester", group.requester());
            json.writeStringField("reason", group.reason());
            json.writeStringField("access", Access.format(group.access()));
            json.writeNumberField("requests", group.requests());
            json.writeStringField("first", "0x" + Long.toHexString(group.first()));
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void errors(List<Verdict.ErrorReport> errors, JsonGenerator json)
            throws IOException {
        json.writeArrayFieldStart("errors");
        for (Verdict.ErrorReport error : errors) {
            json.writeStartObject();
            json.writeStringField("reporter", error.reporter());
            json.writeStringField("kind", error.kind());
            json.writeStringField("severity", error.severity());
            json.writeNumberField("requests", error.requests());
            json.writeStringField("gates", error.gates());
            json.writeStringField("became", error.became());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static void strings(String name, List<String> values, JsonGenerator json)
            throws IOException {
        json.writeArrayFieldStart(name);
        for (String value : values) {
            json.writeString(value);
        }
        json.writeEndArray();
    }

    private static void counts(String name, Map<String, Long> counts, JsonGenerator json)
            throws IOException {
        json.writeObjectFieldStart(name);
        for (var count : counts.entrySet()) {
            json.writeNumberField(count.getKey(), count.getValue());
        }
        json.writeEndObject();
    }
}
