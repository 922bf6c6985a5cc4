package io.spam4j.examples.lab;

import java.util.List;
import java.util.Map;

public record LabResult(Map<String, String> settings, List<RunResult> runs, boolean interrupted) {}
