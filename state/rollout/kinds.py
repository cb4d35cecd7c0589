"""The words that may stand in a rollout file, of every engine version we read.

Owns the lists; a word that is not in them is reported by whoever reads the file.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LINE_TYPES = _words(
    """
    session_meta dynamic_tools_updated response_item inter_agent_communication
    inter_agent_communication_metadata compacted turn_context token_usage_record
    world_state retained_context security_risk_score event_msg realtime_item
    """
)
EVENT_TYPES = _words(
    """
    error warning auth_recovery_started auth_recovery_completed guardian_warning
    realtime_conversation_started realtime_conversation_realtime
    realtime_conversation_closed realtime_conversation_sdp model_reroute
    model_verification turn_moderation_metadata safety_buffering
    context_compacted thread_rolled_back task_started turn_started
    thread_settings_applied task_complete turn_complete token_count
    agent_message user_message agent_reasoning agent_reasoning_raw_content
    agent_reasoning_section_break session_configured environment_connected
    environment_disconnected thread_goal_updated thread_name_updated
    thread_queue_changed mcp_startup_update mcp_startup_complete
    mcp_tool_call_begin mcp_tool_call_end web_search_begin web_search_end
    image_generation_begin image_generation_end exec_command_begin
    exec_command_output_delta terminal_interaction exec_command_end
    view_image_tool_call exec_approval_request request_permissions
    request_user_input dynamic_tool_call_request dynamic_tool_call_response
    elicitation_request elicitation_abandoned apply_patch_approval_request
    guardian_assessment deprecation_notice stream_error patch_apply_begin
    patch_apply_updated patch_apply_end turn_diff
    realtime_conversation_list_voices_response plan_update turn_aborted
    shutdown_complete entered_review_mode exited_review_mode raw_response_item
    raw_response_completed item_started item_completed hook_started
    hook_completed agent_message_content_delta plan_delta
    reasoning_content_delta reasoning_raw_content_delta collab_agent_spawn_begin
    collab_agent_spawn_end collab_agent_interaction_begin
    collab_agent_interaction_end collab_waiting_begin collab_waiting_end
    collab_close_begin collab_close_end collab_resume_begin collab_resume_end
    sub_agent_activity
    """
)
# Those that say something about a turn.
TURN_EVENTS = _words(
    """
    item_completed task_started turn_started task_complete turn_complete
    turn_aborted thread_rolled_back user_message agent_message agent_reasoning
    """
)
