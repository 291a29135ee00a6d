//! A bare WebSocket echo.
